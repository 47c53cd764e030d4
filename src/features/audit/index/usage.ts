// Who did what with which version of which key, how often, when first and when last: the facets of an index, and those of the log's
// tail, which it lacks. Exact as of one moment.
import { openEntries } from '../read-entries.ts';
import { facetsText, IndexError, type IndexFile, readFacets } from './index-file.ts';
import { type Facets, indexedEntry } from './indexed-entry.ts';

export const DAY_MS = 86_400_000;

/** All entries of one kind. */
export interface Use {
  readonly facets: Facets;
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

/**
 * @param index absent: all of the log is read
 * @param sinceDay counts by day from this one on; absent: none
 * @throws IndexError @throws Error of SQLite
 */
export function readUsage(
  folder: string,
  index: IndexFile | undefined,
  sinceDay: number = Number.POSITIVE_INFINITY,
): Usage {
  const { uses, entries: from } =
    index === undefined ? { uses: new Map<string, Use>(), entries: 0 } : readIndexed(index, sinceDay);
  const log = openEntries(folder);
  if (from > log.size) throw new IndexError('it has entries that the log has not');
  for (const { text } of log.from(from)) {
    const { facets, time } = indexedEntry(Buffer.from(text));
    const use = uses.getOrInsertComputed(facetsText(facets), () => ({ facets, count: 0, days: new Map() }));
    use.count += 1;
    if (Number.isNaN(time)) continue;
    use.first = Math.min(use.first ?? time, time);
    use.last = Math.max(use.last ?? time, time);
    const day = Math.floor(time / DAY_MS);
    if (day >= sinceDay) use.days.set(day, (use.days.get(day) ?? 0) + 1);
  }
  return { entries: log.size, uses: [...uses.values()] };
}

function readIndexed(
  { db, entries: entriesOf }: IndexFile,
  sinceDay: number,
): { uses: Map<string, Use>; entries: number } {
  db.exec('BEGIN');
  try {
    const byId = new Map<number, Use>();
    const uses = new Map<string, Use>();
    let entries = 0;
    const rows = db.prepare('SELECT id, hash, said, count, first, last FROM facets');
    for (const row of rows.iterate()) {
      const facets = readFacets(row);
      const use: Use = {
        facets,
        count: Number(row['count']),
        first: (row['first'] as number | null) ?? undefined,
        last: (row['last'] as number | null) ?? undefined,
        days: new Map(),
      };
      entries += use.count;
      byId.set(Number(row['id']), use);
      uses.set(facetsText(facets), use);
    }
    if (entries !== entriesOf()) throw new IndexError('it has not counted as many entries as it has');
    if (sinceDay !== Number.POSITIVE_INFINITY) {
      for (const { day, facets, count } of db.prepare('SELECT * FROM days WHERE day >= ?').iterate(sinceDay)) {
        byId.get(Number(facets))?.days.set(Number(day), Number(count));
      }
    }
    return { uses, entries };
  } finally {
    if (db.isTransaction) db.exec('COMMIT');
  }
}
