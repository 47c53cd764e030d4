// Reads a log's entries in order while it grows: published bundles first, then the journal. What is given is durable, so that a
// reader who has told it on is never ahead of the log after a crash of the machine.
import { closeSync, existsSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { readIfThere } from '../../files/read-if-there.ts';
import {
  decodeSegmentHeader,
  JOURNAL,
  type JournalRecord,
  RECORD_HEAD,
  readRecord,
  SEGMENT_NAME,
} from '../../formats/journal-format.ts';
import { parseCheckpoint } from '../../formats/tlog-checkpoint.ts';
import { bundleEntries, TILE_WIDTH, tilePath } from '../../formats/tlog-tiles.ts';

export interface EntryBatch {
  /** Index of the first. */
  readonly first: number;
  /** UTF-8 JSON of an AuditEntry each; one at least. */
  readonly entries: readonly Buffer[];
}

/** A batch of the journal that stays the last for so long is durable: the recorder has answered for it, or has gone. */
const SETTLED_MS = 2_000;
const CHUNK = 256 * 1024;

export class FollowedEntries {
  readonly #folder: string;
  readonly #now: () => number;
  #next: number;
  /** Where in which segment the next record begins, and the one before it if that was given. */
  #at: { readonly segment: string; readonly offset: number; readonly before: number | undefined } | undefined;
  /** The newest batch of the journal, and when it was first seen. */
  #last = { batch: -1, since: 0 };
  #written = 0;

  /** @param next index from which on @param now milliseconds of a clock that only goes on */
  constructor(folder: string, next: number, now: () => number = () => performance.now()) {
    this.#folder = folder;
    this.#next = next;
    this.#now = now;
  }

  /** Index of the next entry. */
  get next(): number {
    return this.#next;
  }

  /** Index after the newest entry that the last look at the journal has found, durable or not. */
  get written(): number {
    return Math.max(this.#written, this.#next);
  }

  /** The next entries, of one bundle at most; undefined while there are none that are durable. */
  read(): EntryBatch | undefined {
    const entries = this.#published() ?? this.#recent();
    if (entries.length === 0) return undefined;
    const first = this.#next;
    this.#next += entries.length;
    return { first, entries };
  }

  /** The entry before the next one, as the log has it now: another than was given is of another log. Undefined: it has none. */
  previous(): Buffer | undefined {
    const index = this.#next - 1;
    if (index < 0) return undefined;
    const published = this.#published(index);
    if (published !== undefined) return published[0];
    const { segment } = this.#segment(index);
    if (segment === undefined) return undefined;
    const path = join(this.#folder, JOURNAL, segment);
    const before = this.#at?.segment === segment ? this.#at.before : undefined;
    const [found] = before === undefined ? [] : readRecords(path, before, index, 2 * MOST_RECORD).records;
    if (found !== undefined) return found.entry;
    for (let most = CHUNK; ; most *= 4) {
      const { records, isAll } = readRecords(path, undefined, index, most);
      if (records.length > 0 || isAll) return records[0]?.entry;
    }
  }

  #published(index = this.#next): readonly Buffer[] | undefined {
    const bundle = Math.floor(index / TILE_WIDTH);
    const path = join(this.#folder, tilePath('entries', bundle));
    if (!existsSync(path)) return undefined;
    const { entries } = bundleEntries(readFileSync(path));
    return entries.slice(index - bundle * TILE_WIDTH).map(({ entry }) => entry);
  }

  #recent(): readonly Buffer[] {
    const { segment, isLast } = this.#segment();
    if (segment === undefined) return [];
    const path = join(this.#folder, JOURNAL, segment);
    for (let most = CHUNK; ; most *= 4) {
      const at = this.#at?.segment === segment ? this.#at : undefined;
      const { records, start, isAll } = readRecords(path, at?.offset, this.#next, most);
      this.#written = (records.at(-1)?.index ?? -1) + 1;
      const end = isLast || !isAll ? this.#durable(records, isAll) : Number.POSITIVE_INFINITY;
      const taken = records.filter(({ index }) => index < end).slice(0, TILE_WIDTH - (this.#next % TILE_WIDTH));
      if (taken.length > 0 || isAll) {
        const last = taken.at(-1);
        const before = last === undefined ? at?.before : last.end - RECORD_HEAD - last.entry.length;
        this.#at = { segment, offset: last?.end ?? start, before };
        return taken.map(({ entry }) => entry);
      }
    }
  }

  /** That of the next entry, or the one before it; what is written after it was begun when all of it was durable. */
  #segment(index = this.#next): { readonly segment: string | undefined; readonly isLast: boolean } {
    const journal = join(this.#folder, JOURNAL);
    const names = existsSync(journal) ? readdirSync(journal).filter((name) => SEGMENT_NAME.test(name)) : [];
    const segment = names
      .filter((name) => Number(name) <= index)
      .sort()
      .at(-1);
    return { segment, isLast: names.every((name) => segment === undefined || name <= segment) };
  }

  /** Index of the first entry that may not be: a batch is written when those before it are durable. */
  #durable(records: readonly JournalRecord[], isAll: boolean): number {
    const newest = records.at(-1);
    if (newest === undefined) return 0;
    const { batch, index } = newest;
    if (batch !== this.#last.batch) this.#last = { batch, since: this.#now() };
    if (isAll && this.#now() - this.#last.since >= SETTLED_MS) return index + 1;
    return Math.max(batch, signedSize(this.#folder));
  }
}

/** So many entries the newest checkpoint covers, about a second ago: signed is what was durable. */
export function signedSize(folder: string): number {
  const text = readIfThere(join(folder, 'checkpoint'));
  try {
    return text === undefined ? 0 : parseCheckpoint(text).checkpoint.size;
  } catch {
    return 0; // what proves nothing is for `audit verify` to name
  }
}

interface FoundRecords {
  /** From the wanted index on, one after the other. */
  readonly records: readonly JournalRecord[];
  /** Offset of the first of them, or where it is to come. */
  readonly start: number;
  /** Nothing whole follows. */
  readonly isAll: boolean;
}

/** @param from offset of the wanted record; undefined: it is looked for from the header on */
function readRecords(path: string, from: number | undefined, wanted: number, most: number): FoundRecords {
  const fd = openSync(path, 'r');
  try {
    const begin = from ?? headerLength(fd);
    if (begin === undefined) return { records: [], start: 0, isAll: true };
    const bytes = readAt(fd, begin, most);
    const records: JournalRecord[] = [];
    let [at, start] = [0, begin];
    for (let record = readRecord(bytes, at); record !== undefined; record = readRecord(bytes, at)) {
      if (record.index > wanted + records.length) break;
      at = record.end;
      if (record.index < wanted) start = begin + at;
      else records.push({ ...record, end: begin + at });
    }
    // What is cut off by the end of the chunk is looked at in a larger one.
    return { records, start, isAll: bytes.length < most || at + 2 * MOST_RECORD < bytes.length };
  } finally {
    closeSync(fd);
  }
}

/** Longer than any record. */
const MOST_RECORD = 66 * 1024;

function headerLength(fd: number): number | undefined {
  const begin = readAt(fd, 0, 24);
  if (begin.length < 24) return undefined;
  return decodeSegmentHeader(readAt(fd, 0, Math.min(begin.readUInt32LE(20), 1024 * 1024)))?.length;
}

function readAt(fd: number, offset: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  return bytes.subarray(0, readSync(fd, bytes, 0, length, offset));
}
