// Lists in pages: `maxresults` 1..25, and a next link with a position but without api-version, as the service sends it.
import { fromBase64url, toBase64url } from '../formats/base64url.ts';
import { ServiceError } from './service-error.ts';

export const MAX_RESULTS = 25;

export interface Page {
  readonly size: number;
  /** The last item of the page before; absent on the first page. */
  readonly after: string | undefined;
}

/** @throws ServiceError BadParameter */
export function readPage(query: ReadonlyMap<string, string>): Page {
  const asked = query.get('maxresults');
  const size = asked === undefined ? MAX_RESULTS : Number(asked);
  if ((asked !== undefined && !/^\d{1,9}$/.test(asked)) || size < 1 || size > MAX_RESULTS) {
    throw new ServiceError('BadParameter', `maxresults must be a whole number from 1 to ${MAX_RESULTS}`);
  }
  const token = query.get('$skiptoken');
  return { size, after: token === undefined ? undefined : readSkipToken(token) };
}

/** @param path with leading and trailing slash, e.g. `/keys/` */
export function nextLink(origin: string, path: string, size: number, last: string): string {
  return `${origin}${path}?maxresults=${size}&$skiptoken=${toBase64url(Buffer.from(last, 'utf8'))}`;
}

function readSkipToken(token: string): string {
  try {
    if (token === '' || token.length > 1024) throw new RangeError('length');
    return new TextDecoder('utf-8', { fatal: true }).decode(fromBase64url(token));
  } catch (cause) {
    throw new ServiceError('BadParameter', '$skiptoken is not one that this service gave out; start the list again', {
      cause,
    });
  }
}
