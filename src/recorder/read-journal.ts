// Reading the journal at start: which records are whole, and whether what follows the last of them is empty, torn by a
// crash, or damage. Only a torn record may be dropped, because nobody was told that it was durable.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  decodeSegmentHeader,
  JOURNAL,
  type JournalRecord,
  RECORD_HEAD,
  readRecord,
  readU64,
  SEGMENT_NAME,
  type SegmentHeader,
} from '../formats/journal-format.ts';
import { isTornRecord, isZero } from '../formats/torn-record.ts';

/** The log on disk is not as the recorder left it: it refuses to go on, and says where. */
export class LogDamaged extends Error {
  override readonly name = 'LogDamaged';
}

export interface Segment {
  readonly path: string;
  readonly header: SegmentHeader;
  readonly records: readonly JournalRecord[];
  /** Offset behind the last whole record. */
  readonly end: number;
  /** The next index after this segment. */
  readonly next: number;
  /** True when a torn record stands at `end`. */
  readonly torn: boolean;
  /** Gives its bytes back at once: a process at rest collects no garbage. Its records and its header are no more after this. */
  readonly release: () => void;
}

/**
 * Reads all segments in order.
 * @param isDurable says of an index whether other files prove that its entry was acknowledged
 * @throws LogDamaged
 */
export function readJournal(folder: string, origin: string, isDurable: (index: number) => boolean): Segment[] {
  const names = readdirSync(join(folder, JOURNAL))
    .filter((name) => SEGMENT_NAME.test(name))
    .sort();
  const segments: Segment[] = [];
  for (const [i, name] of names.entries()) {
    const path = join(folder, JOURNAL, name);
    const segment = readSegment(path, i === names.length - 1, isDurable);
    const { header } = segment;
    if (header.origin !== origin) throw new LogDamaged(`${path} belongs to the log ${header.origin}, not ${origin}`);
    const expected = segments.at(-1)?.next ?? Number(name);
    if (header.first !== expected || Number(name) !== expected) {
      throw new LogDamaged(`${path} begins at entry ${header.first}, but entry ${expected} comes next`);
    }
    segments.push(segment);
  }
  return segments;
}

function readSegment(path: string, last: boolean, isDurable: (index: number) => boolean): Segment {
  const bytes = readFileSync(path);
  const decoded = decodeSegmentHeader(bytes);
  if (decoded === undefined) throw new LogDamaged(`${path}: the header at offset 0 is damaged`);
  const { header } = decoded;
  if (header.segmentLength !== bytes.length) {
    throw new LogDamaged(`${path} has ${bytes.length} bytes instead of ${header.segmentLength}`);
  }
  const records: JournalRecord[] = [];
  let at = decoded.length;
  let next = header.first;
  for (;;) {
    const record = readRecord(bytes, at);
    if (record === undefined || record.index !== next) break;
    records.push(record);
    at = record.end;
    next += 1;
  }
  const torn = !isZero(bytes, at, bytes.length);
  if (torn && !(last && isTorn(bytes, at, next) && !isDurable(next))) {
    throw new LogDamaged(`${path}: entry ${next} at offset ${at} is damaged`);
  }
  if (!torn && last && isDurable(next)) {
    throw new LogDamaged(`${path}: entry ${next} is missing at offset ${at}, although it was acknowledged`);
  }
  const release = (): void => {
    // What is small shares its memory with others.
    if (bytes.byteLength === bytes.buffer.byteLength) bytes.buffer.transfer(0);
  };
  return { path, header, records, end: at, next, torn, release };
}

/** Whether the bytes at `at` can be what a crash leaves of the batch being written: pieces of it missing, as zeros. */
function isTorn(bytes: Buffer, at: number, index: number): boolean {
  return isTornRecord(bytes, at) && !laterBatchFollows(bytes, at, index);
}

/** A batch is written only when the one before is durable, so a record of a later batch proves that this one was. */
function laterBatchFollows(bytes: Buffer, at: number, index: number): boolean {
  for (let from = at + 1; from + RECORD_HEAD < bytes.length; from++) {
    const batch = readU64(bytes, from + 20);
    if (batch <= index || batch > index + bytes.length || readU64(bytes, from + 12) < batch) continue;
    if (readRecord(bytes, from) !== undefined) return true;
  }
  return false;
}
