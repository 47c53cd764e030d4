// Reads a log's entries in order, for people and exports: from its published bundles, and from the journal what they do
// not hold yet. It believes the files; whoever doubts them verifies the log first.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeSegmentHeader, JOURNAL, readRecord, SEGMENT_NAME } from '../../formats/journal-format.ts';
import { bundleEntries, TILE_WIDTH, tilePath } from '../../formats/tlog-tiles.ts';

/** Reads while the recorder may be writing: the journal is taken first, so nothing can slip between the two. */
export function openEntries(folder: string) {
  const { entries: recent, first } = readRecent(folder);
  let bundles = Math.floor(first / TILE_WIDTH);
  while (existsSync(join(folder, tilePath('entries', bundles)))) bundles += 1;
  let size = bundles * TILE_WIDTH;
  while (recent.has(size)) size += 1;
  return {
    /** How many entries there are. */
    size,
    /** Entries from this index on: each the JSON text of an AuditEntry. */
    *from(first: number): Generator<{ readonly index: number; readonly text: string }> {
      for (let bundle = Math.floor(first / TILE_WIDTH); bundle < bundles; bundle++) {
        const { entries } = bundleEntries(readFileSync(join(folder, tilePath('entries', bundle))));
        for (const [i, { entry }] of entries.entries()) {
          const index = bundle * TILE_WIDTH + i;
          if (index >= first) yield { index, text: entry.toString('utf8') };
        }
      }
      for (let index = Math.max(first, bundles * TILE_WIDTH); index < size; index++) {
        yield { index, text: recent.get(index)?.toString('utf8') ?? '' };
      }
    },
    /**
     * From the newest entry on, a bundle's worth at a time, newest first; others get their turn in between. Bytes are UTF-8 of the JSON.
     * @param before this index; absent: all
     */
    async *backwards(
      before: number = size,
    ): AsyncGenerator<readonly { readonly index: number; readonly bytes: Buffer }[]> {
      const last = Math.min(size, before);
      for (let end = last; end > bundles * TILE_WIDTH; end -= TILE_WIDTH) {
        const first = Math.max(bundles * TILE_WIDTH, end - TILE_WIDTH);
        yield Array.from({ length: end - first }, (_, i) => ({
          index: end - 1 - i,
          bytes: recent.get(end - 1 - i) ?? Buffer.alloc(0),
        }));
      }
      for (let bundle = Math.min(bundles, Math.ceil(last / TILE_WIDTH)) - 1; bundle >= 0; bundle--) {
        const { entries } = bundleEntries(await readFile(join(folder, tilePath('entries', bundle))));
        const first = bundle * TILE_WIDTH;
        yield entries
          .slice(0, last - first)
          .map(({ entry }, i) => ({ index: first + i, bytes: entry }))
          .reverse();
      }
    },
  };
}

/** Entries of the journal by index, in order. `first`: all before it are published. */
function readRecent(folder: string): { readonly entries: ReadonlyMap<number, Buffer>; readonly first: number } {
  const entries = new Map<number, Buffer>();
  let first: number | undefined;
  const journal = join(folder, JOURNAL);
  const names = existsSync(journal) ? readdirSync(journal).filter((name) => SEGMENT_NAME.test(name)) : [];
  for (const name of names.sort()) {
    const bytes = readFileSync(join(journal, name));
    const decoded = decodeSegmentHeader(bytes);
    if (decoded === undefined) continue;
    let next = decoded.header.first;
    first ??= next;
    let at = decoded.length;
    for (let record = readRecord(bytes, at); record?.index === next; record = readRecord(bytes, at)) {
      entries.set(next, record.entry);
      at = record.end;
      next += 1;
    }
  }
  return { entries, first: first ?? 0 };
}
