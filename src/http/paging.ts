// Lists in pages: `maxresults` 1..25, and a next link with a position but without api-version, as the service sends it.
import { fromBase64url, toBase64url } from '../formats/base64url.ts';
import { badParameter } from './service-error.ts';

const MAX_RESULTS = 25;

/**
 * @param most of lists that the service has not
 * @returns `after`: the last item of the page before; absent on the first page @throws ServiceError BadParameter
 */
export function readPage(query: ReadonlyMap<string, string>, most: number = MAX_RESULTS) {
  const asked = query.get('maxresults');
  const size = asked === undefined ? most : Number(asked);
  if ((asked !== undefined && !/^\d{1,9}$/.test(asked)) || size < 1 || size > most) {
    throw badParameter(`maxresults must be a whole number from 1 to ${most}`);
  }
  return { size, after: readSkipToken(query) };
}

/** What a list answers. @param found one more than a page holds, where there is a next one */
export function pageOf<T>(
  found: readonly T[],
  size: number,
  shape: (item: T) => object,
  nextLink: (last: T) => string,
): object {
  const page = found.slice(0, size);
  const last = found.length > size ? page.at(-1) : undefined;
  return { value: page.map(shape), ...(last === undefined ? {} : { nextLink: nextLink(last) }) };
}

/** @param path with leading and trailing slash, e.g. `/keys/` */
export function nextLink(origin: string, path: string, size: number, last: string): string {
  return nextLinkWith(origin + path, { maxresults: String(size) }, last);
}

/** The address of the page after `last`, with the query that the list was asked with. */
export function nextLinkWith(address: string, query: Readonly<Record<string, string>>, last: string): string {
  const kept = Object.entries(query).map(([name, value]) => `${name}=${encodeURIComponent(value)}&`);
  return `${address}?${kept.join('')}$skiptoken=${toBase64url(Buffer.from(last, 'utf8'))}`;
}

/** The last item of the page before, as the next link carries it. @throws ServiceError BadParameter */
export function readSkipToken(query: ReadonlyMap<string, string>): string | undefined {
  const token = query.get('$skiptoken');
  if (token === undefined) return undefined;
  try {
    if (token === '' || token.length > 1024) throw new RangeError('length');
    return new TextDecoder('utf-8', { fatal: true }).decode(fromBase64url(token));
  } catch (cause) {
    throw badParameter('$skiptoken is not one that this service gave out; start the list again', {
      cause,
    });
  }
}
