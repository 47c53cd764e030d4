// Who did what with which version of which key, how often, when first and when last: the uses of an index, and those of the log's
// tail, which it lacks. Exact as of one moment.
import { setImmediate } from 'node:timers/promises';
import { TILE_WIDTH } from '../../../formats/tlog-tiles.ts';
import { openEntries } from '../read-entries.ts';
import type { Pause } from '../reading-turns.ts';
import { atOnce, facetsText, type IndexFile, readFacets } from './index-file.ts';
import { type IndexedEntry, indexedEntry, type UseFacets, useFacets } from './indexed-entry.ts';
import { IndexError } from './sealed.ts';

export const DAY_MS = 86_400_000;

/** All entries of one kind. */
export interface Use {
  readonly facets: UseFacets;
  count: number;
  /** Milliseconds; absent where no entry has a time that reads. */
  first?: number | undefined;
  last?: number | undefined;
  /** By days since 1970, UTC; those that were asked for. */
  readonly days: Map<number, number>;
}

export interface Usage {
  /** Of how many entries, the log's first ones. */
  readonly entries: number;
  readonly uses: readonly Use[];
}

/** Rows that are read without a pause: a few milliseconds. */
const ROWS_AT_ONCE = 512;

/**
 * @param index absent: all of the log is read
 * @param sinceDay uses on this day and later, and counts by day of these; absent: all uses, and no days
 * @throws IndexError @throws Error of SQLite
 */
export async function readUsage(
  folder: string,
  index: IndexFile | undefined,
  sinceDay: number = Number.POSITIVE_INFINITY,
  pause: Pause = setImmediate,
): Promise<Usage> {
  const { uses, entries: from } =
    index === undefined ? { uses: new Map<string, Use>(), entries: 0 } : await readIndexed(index, sinceDay, pause);
  const log = openEntries(folder);
  if (from > log.size) throw new IndexError('it has entries that the log has not');
  for (const { index: at, text } of log.from(from)) {
    if (at % TILE_WIDTH === 0) await pause();
    addUse(uses, indexedEntry(Buffer.from(text)), sinceDay);
  }
  return { entries: log.size, uses: [...uses.values()] };
}

/** Counts an entry. */
export function addUse(uses: Map<string, Use>, { facets: all, time }: IndexedEntry, sinceDay: number): void {
  const facets = useFacets(all);
  const use = uses.getOrInsertComputed(facetsText(facets), () => ({ facets, count: 0, days: new Map() }));
  use.count += 1;
  if (Number.isNaN(time)) return;
  use.first = Math.min(use.first ?? time, time);
  use.last = Math.max(use.last ?? time, time);
  const day = Math.floor(time / DAY_MS);
  if (day >= sinceDay) use.days.set(day, (use.days.get(day) ?? 0) + 1);
}

/**
 * Others may write in a pause, and no lock is held in it. What they have changed is read once more, at once: all is as of that moment.
 */
async function readIndexed(
  { db, blocks }: IndexFile,
  sinceDay: number,
  pause: Pause,
): Promise<{ uses: Map<string, Use>; entries: number }> {
  const byId = new Map<number, Use>();
  const daily = sinceDay !== Number.POSITIVE_INFINITY;
  const since = daily ? sinceDay * DAY_MS : null;
  const addRow = (row: Readonly<Record<string, unknown>>): void => {
    const [id, first, last] = [Number(row['id']), row['first'] as number | null, row['last'] as number | null];
    const days = byId.get(id)?.days ?? new Map<number, number>();
    const facets = readFacets(row);
    byId.set(id, { facets, count: Number(row['count']), first: first ?? undefined, last: last ?? undefined, days });
  };
  const addDay = ({ day, use, count }: Readonly<Record<string, unknown>>): void => {
    const of = byId.get(Number(use));
    if (of === undefined) throw new IndexError('a part of it is missing');
    of.days.set(Number(day), Number(count));
  };
  const select = 'SELECT id, hash, said, count, first, last FROM uses JOIN counts ON use = id';
  const start = blocks();
  const { rows } = db.prepare('SELECT coalesce(max(id) + 1, 0) AS rows FROM uses').get() ?? {};
  if (Number(rows) > blocks() * TILE_WIDTH) throw new IndexError('it has more uses than entries');
  const some = db.prepare(`${select} WHERE id BETWEEN ?1 AND ?2 AND (?3 IS NULL OR last >= ?3)`);
  for (let at = 0; at < Number(rows); at += ROWS_AT_ONCE) {
    for (const row of some.iterate(at, at + ROWS_AT_ONCE - 1, since)) addRow(row);
    await pause();
  }
  const someDays = db.prepare(
    'SELECT day, use, count FROM days WHERE (day, use) > (?, ?) AND changed <= ? ORDER BY day, use LIMIT ?',
  );
  for (let [day, use] = [sinceDay, -1]; daily; ) {
    const found = someDays.all(day, use, start, ROWS_AT_ONCE);
    for (const row of found) addDay(row);
    const last = found.at(-1);
    if (last === undefined || found.length < ROWS_AT_ONCE) break;
    [day, use] = [Number(last['day']), Number(last['use'])];
    await pause();
  }
  return atOnce(db, () => {
    const changed = db.prepare(`${select} WHERE changed > ?1 AND (?2 IS NULL OR last >= ?2)`);
    for (const row of changed.iterate(start, since)) addRow(row);
    if (daily) {
      const changedDays = db.prepare('SELECT day, use, count FROM days WHERE day >= ? AND changed > ?');
      for (const row of changedDays.iterate(sinceDay, start)) addDay(row);
    }
    const uses = new Map(byId.values().map((use) => [facetsText(use.facets), use]));
    return { uses, entries: blocks() * TILE_WIDTH };
  });
}

/** Names of all operations that there are entries of. @throws Error of SQLite */
export function readOperations(folder: string, index: IndexFile | undefined): ReadonlySet<string> {
  const used = index?.db.prepare("SELECT DISTINCT said ->> '$.operation' AS operation FROM uses").all() ?? [];
  const found = new Set(used.map(({ operation }) => String(operation)));
  for (const { text } of openEntries(folder).from(index?.entries() ?? 0))
    found.add(indexedEntry(Buffer.from(text)).facets.operation);
  return found;
}
