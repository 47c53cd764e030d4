// Lists in pages: `$top` items at most, and a `nextLink` that goes on after the last one's name.
import { ShapeError } from '../../../formats/shape.ts';
import type { ControlAnswer, ControlRequest } from '../../../http/control-row.ts';

const MOST = 1_000;

/** Answers with a page of all there is, in the order of names. @throws ShapeError */
export function answerPage<T>(
  { query, names, path }: ControlRequest,
  all: readonly T[],
  nameOf: (item: T) => string,
  describe: (item: T) => unknown,
): ControlAnswer {
  const top = query.get('$top');
  const size = top === null ? MOST : Number(top);
  if (top !== null && (!/^\d{1,4}$/.test(top) || size < 1 || size > MOST)) {
    throw new ShapeError(`$top must be a number from 1 to ${MOST}`);
  }
  const after = query.get('$skiptoken') ?? '';
  const rest = all.toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1)).filter((item) => nameOf(item) > after);
  const items = rest.slice(0, size);
  const value = items.map(describe);
  const last = items.at(-1);
  if (rest.length <= size || last === undefined) return { json: { value } };
  // What else was asked, a filter above all, is asked of the next page too.
  const next = new URLSearchParams(query);
  next.set('$top', String(size));
  next.set('$skiptoken', nameOf(last));
  return { json: { value, nextLink: `${names.arm}${path}?${next}` } };
}
