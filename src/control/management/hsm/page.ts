// Lists in pages: `$top` items at most, and a `nextLink` that goes on after the last one's name.
import { ControlError, type ControlRequest } from '../../../http/control-row.ts';

const MOST = 1_000;

export interface Page<T> {
  readonly items: readonly T[];
  readonly nextLink: string | undefined;
}

/** @throws ControlError 400 */
export function readPage<T>(request: ControlRequest, all: readonly T[], nameOf: (item: T) => string): Page<T> {
  const { query, names, path } = request;
  const top = query.get('$top');
  const size = top === null ? MOST : Number(top);
  if (top !== null && (!/^\d{1,4}$/.test(top) || size < 1 || size > MOST)) {
    throw new ControlError(400, 'BadRequest', `$top must be a number from 1 to ${MOST}`);
  }
  const after = query.get('$skiptoken') ?? '';
  const rest = [...all].sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1)).filter((item) => nameOf(item) > after);
  const items = rest.slice(0, size);
  const last = items.at(-1);
  if (rest.length <= size || last === undefined) return { items, nextLink: undefined };
  // What else was asked, a filter above all, is asked of the next page too.
  const next = new URLSearchParams(query);
  next.set('$top', String(size));
  next.set('$skiptoken', nameOf(last));
  return { items, nextLink: `${names.arm}${path}?${next}` };
}
