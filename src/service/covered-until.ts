// Until when a checkpoint stood for the whole of its log, by the log's own files: what a witness signs later of it says nothing of the
// entries that came since. Whoever brings such a checkpoint may have kept it for that.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEntry } from '../features/audit/logged-call.ts';
import { readIfThere } from '../files/read-if-there.ts';
import { type Checkpoint, parseCheckpoint } from '../formats/tlog-checkpoint.ts';
import { bundleEntries, TILE_WIDTH, tilePath } from '../formats/tlog-tiles.ts';

/**
 * Seconds since 1970, when the first entry was written that it does not cover. Infinity: the log has signed none since. -Infinity: it is no
 * checkpoint of this log, as far as that is known, or nothing of the log can be read.
 */
export function coveredUntil(folder: string, { size, root }: Pick<Checkpoint, 'size' | 'root'>): number {
  try {
    const newest = readIfThere(join(folder, 'checkpoint'));
    if (newest === undefined) return Number.NEGATIVE_INFINITY;
    const own = parseCheckpoint(newest).checkpoint;
    if (size === own.size && root.equals(own.root)) return Number.POSITIVE_INFINITY;
    if (size >= own.size) return Number.NEGATIVE_INFINITY;
    const time = Date.parse(String(parseEntry(signedEntry(folder, size, own.size))?.['time']));
    return Number.isNaN(time) ? Number.NEGATIVE_INFINITY : time / 1000;
  } catch {
    return Number.NEGATIVE_INFINITY; // what does not read vouches for nothing
  }
}

/** @param size of the log's checkpoint, with which the bundle at the right edge was published */
function signedEntry(folder: string, index: number, size: number): string {
  const bundle = Math.floor(index / TILE_WIDTH);
  const width = Math.min(TILE_WIDTH, size - bundle * TILE_WIDTH);
  const { entries } = bundleEntries(readFileSync(join(folder, tilePath('entries', bundle, width))));
  return entries[index - bundle * TILE_WIDTH]?.entry.toString('utf8') ?? '';
}
