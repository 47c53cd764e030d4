// What a caller states about a request in its headers. Stock clients cannot be told to send headers of ours, but can be
// told what to add to their user agent: there, the same is a token with the text in base64url.
import type { IncomingHttpHeaders } from 'node:http';
import { fromBase64url } from '../formats/base64url.ts';
import type { GrantHeaders } from './route.ts';
import { ServiceError } from './service-error.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** A header of ours goes before a token of the user agent. @throws ServiceError BadParameter */
export function readGrantHeaders(headers: IncomingHttpHeaders): GrantHeaders {
  const reason = find('reason', headers);
  const expires = find('expires', headers);
  return { ...(reason === undefined ? {} : { reason }), ...(expires === undefined ? {} : { expires }) };
}

function find(name: 'reason' | 'expires', headers: IncomingHttpHeaders): string | undefined {
  const own = headers[`x-strongroom-${name}`];
  if (own !== undefined) {
    // Node hands bytes on as Latin-1; several headers of one name come joined, which neither of these is.
    return decode(Buffer.from(String(own), 'latin1'), `Header x-strongroom-${name}`);
  }
  const tokens = (headers['user-agent'] ?? '').split(' ').filter((token) => token.startsWith(`strongroom-${name}/`));
  const [token, ...more] = new Set(tokens);
  if (token === undefined) return undefined;
  const what = `User agent token strongroom-${name}`;
  if (more.length > 0) throw new ServiceError('BadParameter', `${what} is there more than once`);
  let bytes: Buffer;
  try {
    bytes = fromBase64url(token.slice(token.indexOf('/') + 1));
  } catch (cause) {
    throw new ServiceError('BadParameter', `${what} is not base64url`, { cause });
  }
  return decode(bytes, what);
}

function decode(bytes: Uint8Array, what: string): string {
  try {
    return utf8.decode(bytes);
  } catch (cause) {
    throw new ServiceError('BadParameter', `${what} is not UTF-8`, { cause });
  }
}
