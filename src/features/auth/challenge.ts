// The WWW-Authenticate value that goes with every 401. Clients cut it at commas, blanks and equals signs instead of
// parsing it, and take the whole path of `authorization` for the tenant; so its parts are checked once, at start.

/**
 * @param authorization `https://{authority}/{tenant}`
 * @param resource `https://{parent domain of the instance's host}`, with the same port
 * @throws RangeError when a client could not use the result
 */
export function challenge({
  authorization,
  resource,
}: {
  readonly authorization: string;
  readonly resource: string;
}): string {
  if (!/^https:\/\/[a-z0-9.:[\]-]+\/[a-z0-9.-]+$/i.test(authorization)) {
    throw new RangeError('the challenge needs authorization = https://{authority}/{tenant}, nothing after the tenant');
  }
  if (!/^https:\/\/[a-z0-9.:[\]-]+$/i.test(resource)) {
    throw new RangeError('the challenge needs resource = https://{domain}[:port], nothing after it');
  }
  return `Bearer authorization="${authorization}", resource="${resource}"`;
}
