// Opens the log's folder: nobody else may have it open, what the journal holds is read back, and the tree it gives must
// go on from the last signed checkpoint. Otherwise the recorder refuses to start and says where.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { JOURNAL, SEGMENT_NAME } from '../formats/journal-format.ts';
import { NO_HEAD, withEntry } from '../formats/named-head.ts';
import { TILE_WIDTH, tilePath } from '../formats/tlog-tiles.ts';
import { headOf, type Worker } from './batch.ts';
import type { Disk } from './disk.ts';
import { Journal, type JournalPath } from './journal.ts';
import { growByRecord, Log } from './log.ts';
import { BundleBuilder, Publisher } from './publisher.ts';
import { LogDamaged, readJournal, type Segment } from './read-journal.ts';
import {
  growFromTiles,
  hasBundle,
  holds,
  readBundle,
  readCheckpoint,
  rootFromTiles,
  type StoredCheckpoint,
} from './read-published.ts';
import { TileTree } from './tile-tree.ts';

export interface LogOptions {
  readonly folder: string;
  readonly origin: string;
  readonly disk: Disk;
  readonly segmentLength: number;
  /** Told, one sentence each, what was repaired. */
  readonly report: (sentence: string) => void;
}

/** @throws LogDamaged */
export async function openLog(options: LogOptions): Promise<Log> {
  const { folder, origin, disk, segmentLength, report } = options;
  disk.makeFolder(folder);
  const checkpoint = readCheckpoint(folder, origin);
  const place: JournalPath = { folder, segmentLength };
  const publisher = new Publisher(disk, folder);
  // While reading back, a tile that stands on disk as it should is not written again.
  const republisher = {
    add(level: number | 'entries', index: number, bytes: Buffer): void {
      if (!holds(join(folder, tilePath(level, index)), bytes)) publisher.add(level, index, bytes);
    },
  };
  let target: Pick<Publisher, 'add'> = republisher;
  const tree = new TileTree((level, index, tile) => target.add(level, index, tile));
  const bundle = new BundleBuilder();
  const workers = new Map<string, Worker>();
  const common = { origin, publisher, tree, bundle, workers, maxBatch: Math.min(1024 * 1024, segmentLength / 4) };

  if (isNew(folder, checkpoint)) {
    const journal = await Journal.create(disk, place, { origin, first: 0, newestHead: NO_HEAD, workers: [] });
    target = publisher;
    return new Log({ ...common, journal, newestHead: NO_HEAD, checkpointSize: 0 });
  }

  const size = checkpoint?.checkpoint.size ?? 0;
  const segments = readJournal(
    folder,
    origin,
    (index) => index < size || hasBundle(folder, Math.floor(index / TILE_WIDTH)),
  );
  const first = segments[0]?.header.first ?? 0;
  growFromTiles(tree, folder, Math.floor(first / TILE_WIDTH));
  if (checkpoint !== undefined && size <= tree.size) checkRoot(checkpoint, rootFromTiles(folder, size), folder);
  const grow = (entry: Buffer): void => {
    growByRecord({ tree, bundle, publisher: republisher }, Buffer.concat([ZERO, entry]));
    if (checkpoint !== undefined && size === tree.size) checkRoot(checkpoint, tree.root(), folder);
  };
  if (first > tree.size) {
    for (const entry of readBundle(folder, tree.size / TILE_WIDTH).slice(0, first - tree.size)) grow(entry);
  }
  let newestHead = NO_HEAD;
  for (const segment of segments) {
    // What earlier segments say of it is in the records of the newest as well.
    if (newestHead === NO_HEAD) newestHead = segment.header.newestHead;
    rememberWorkers(workers, segment);
    for (const record of segment.records) {
      grow(record.entry);
      if (record.headSequence === 0) continue;
      const named = headOf(record.entry, record.headSequence);
      // A header is covered by no signature, entries are: theirs is the word.
      const { sequence, hash } = newestHead;
      if (
        newestHead === segments[0]?.header.newestHead &&
        sequence === named.sequence &&
        hash !== '' &&
        hash !== named.hash
      )
        newestHead = NO_HEAD;
      newestHead = withEntry(newestHead, named);
    }
    if (segment.torn) {
      report(`${segment.path}: what a crash left of entry ${segment.next} at offset ${segment.end} was removed`);
    }
  }
  if (tree.size < size) throw new LogDamaged(`${folder} holds ${tree.size} entries, its checkpoint names ${size}`);
  const journal = await Journal.resume(disk, place, segments);
  for (const { release } of segments) release();
  target = publisher;
  return new Log({ ...common, journal, newestHead, checkpointSize: size });
}

const ZERO = Buffer.from([0]);

/** @throws LogDamaged when only parts of a log are there */
function isNew(folder: string, checkpoint: StoredCheckpoint | undefined): boolean {
  const journal = join(folder, JOURNAL);
  if (existsSync(journal) && readdirSync(journal).some((name) => SEGMENT_NAME.test(name))) return false;
  if (checkpoint !== undefined || existsSync(join(folder, 'tile'))) {
    throw new LogDamaged(`${journal} holds no segment, although the log has entries`);
  }
  return true;
}

function checkRoot({ checkpoint }: StoredCheckpoint, root: Buffer, folder: string): void {
  if (!checkpoint.root.equals(root)) {
    throw new LogDamaged(
      `${folder}: the first ${checkpoint.size} entries have the root ${root.toString('base64')}, ` +
        `the signed checkpoint says ${checkpoint.root.toString('base64')}`,
    );
  }
}

function rememberWorkers(workers: Map<string, Worker>, segment: Segment): void {
  const remember = (nonce: Buffer, counter: number): void => {
    const name = nonce.toString('hex');
    workers.delete(name);
    workers.set(name, { nonce: Buffer.from(nonce), accepted: counter, durable: counter });
  };
  for (const { nonce, counter } of segment.header.workers) remember(nonce, counter);
  for (const { nonce, counter } of segment.records) remember(nonce, counter);
}
