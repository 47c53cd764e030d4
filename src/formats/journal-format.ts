// Bytes of the recorder's journal: segments of fixed length, filled with zeros beforehand, that hold entries until they
// stand in published bundles. `docs/reference/audit-format.md` draws the same layout. All numbers are little-endian.
import { crc32 } from 'node:zlib';
import { type NamedHead, NO_HEAD } from './named-head.ts';
import { MAX_ENTRY } from './tlog-tiles.ts';

/** Segments are named by their first entry's index. */
export const JOURNAL = 'journal';
export const SEGMENT_NAME: RegExp = /^\d{16}$/;
export function segmentName(first: number): string {
  return String(first).padStart(16, '0');
}

const MAGIC = Buffer.from('strongroom-jrnl2');
/** Of a head whose hash and entries are not known. */
const MAGIC_1 = Buffer.from('strongroom-jrnl1');
/** A segment's header is a multiple of this. */
const PAGE = 4096;
const FIXED = 48;
/** Hash of the newest head, and how many entries name it. */
const HASH = 32;
const OF_HEAD = HASH + 4;

/** How far a worker's entries are stored: its counters up to `counter`. */
export interface WorkerId {
  readonly nonce: Buffer;
  readonly counter: number;
}

export interface SegmentHeader {
  readonly origin: string;
  /** Length of the whole file. */
  readonly segmentLength: number;
  readonly first: number;
  /** Newest store head named by entries before `first`. */
  readonly newestHead: NamedHead;
  readonly workers: readonly WorkerId[];
}

export function encodeSegmentHeader(header: SegmentHeader): Buffer {
  const origin = Buffer.from(header.origin);
  const { sequence, hash, entries } = header.newestHead;
  const fixed = hash === '' ? FIXED : FIXED + OF_HEAD;
  const used = fixed + 2 + origin.length + 4 + header.workers.length * 16;
  const bytes = Buffer.alloc(Math.ceil(used / PAGE) * PAGE);
  (hash === '' ? MAGIC_1 : MAGIC).copy(bytes);
  bytes.writeUInt32LE(bytes.length, 20);
  writeU64(bytes, header.segmentLength, 24);
  writeU64(bytes, header.first, 32);
  writeU64(bytes, sequence, 40);
  if (hash !== '') {
    bytes.write(hash, FIXED, 'base64url');
    bytes.writeUInt32LE(entries, FIXED + HASH);
  }
  let at = bytes.writeUInt16LE(origin.length, fixed);
  at += origin.copy(bytes, at);
  at = bytes.writeUInt32LE(header.workers.length, at);
  for (const { nonce, counter } of header.workers) {
    nonce.copy(bytes, at);
    writeU64(bytes, counter, at + 8);
    at += 16;
  }
  bytes.writeUInt32LE(crc32(bytes.subarray(20)), 16);
  return bytes;
}

/** Undefined when the bytes are not a whole, undamaged header. */
export function decodeSegmentHeader(segment: Buffer): { header: SegmentHeader; length: number } | undefined {
  if (segment.length < PAGE) return undefined;
  const magic = segment.subarray(0, 16);
  const isOfOne = magic.equals(MAGIC_1);
  if (!isOfOne && !magic.equals(MAGIC)) return undefined;
  const fixed = isOfOne ? FIXED : FIXED + OF_HEAD;
  const length = segment.readUInt32LE(20);
  if (length % PAGE !== 0 || length > segment.length || length < PAGE) return undefined;
  const bytes = segment.subarray(0, length);
  if (crc32(bytes.subarray(20)) !== bytes.readUInt32LE(16)) return undefined;
  const originEnd = fixed + 2 + bytes.readUInt16LE(fixed);
  if (originEnd + 4 > length) return undefined;
  const count = bytes.readUInt32LE(originEnd);
  if (originEnd + 4 + count * 16 > length) return undefined;
  const workers = Array.from({ length: count }, (_, i) => {
    const at = originEnd + 4 + i * 16;
    return { nonce: Buffer.from(bytes.subarray(at, at + 8)), counter: readU64(bytes, at + 8) };
  });
  const header: SegmentHeader = {
    origin: bytes.toString('utf8', fixed + 2, originEnd),
    segmentLength: readU64(bytes, 24),
    first: readU64(bytes, 32),
    newestHead: isOfOne
      ? { ...NO_HEAD, sequence: readU64(bytes, 40), entries: 1 }
      : {
          sequence: readU64(bytes, 40),
          hash: bytes.toString('base64url', FIXED, FIXED + HASH),
          entries: bytes.readUInt32LE(FIXED + HASH),
        },
    workers,
  };
  return encodeSegmentHeader(header).equals(bytes) ? { header, length } : undefined;
}

/**
 * Record: `u32 crc of all that follows | u32 crc of the rest of its head | u32 length of entry | u64 index | u64 index of
 * its batch's first | 8 worker | u64 counter | u64 store head or 0 | 0x00 | entry`. The zero byte makes the tail the input
 * of the leaf hash. The head has a checksum of its own so that its length can be believed when the entry cannot.
 */
export const RECORD_HEAD = 53;
/** Offset of the zero byte. */
export const LEAF = 52;

export interface RecordFields {
  readonly index: number;
  readonly batch: number;
  readonly nonce: Buffer;
  readonly counter: number;
  readonly headSequence: number;
}

/** Writes all of a record but its entry, which already stands at `at + RECORD_HEAD`. */
export function sealRecord(bytes: Buffer, at: number, entryLength: number, fields: RecordFields): void {
  bytes.writeUInt32LE(entryLength, at + 8);
  writeU64(bytes, fields.index, at + 12);
  writeU64(bytes, fields.batch, at + 20);
  bytes.set(fields.nonce, at + 28);
  writeU64(bytes, fields.counter, at + 36);
  writeU64(bytes, fields.headSequence, at + 44);
  bytes[at + LEAF] = 0;
  bytes.writeUInt32LE(crc32(bytes.subarray(at + 8, at + RECORD_HEAD)), at + 4);
  bytes.writeUInt32LE(crc32(bytes.subarray(at + 4, at + RECORD_HEAD + entryLength)), at);
}

export interface JournalRecord extends RecordFields {
  readonly entry: Buffer;
  /** Offset of the byte after it. */
  readonly end: number;
}

/** Length of the entry, when the head of a record that stands here is whole. */
export function recordLength(bytes: Buffer, at: number): number | undefined {
  if (at + RECORD_HEAD > bytes.length) return undefined;
  const length = bytes.readUInt32LE(at + 8);
  if (length === 0 || length > MAX_ENTRY || bytes[at + LEAF] !== 0) return undefined;
  return crc32(bytes.subarray(at + 8, at + RECORD_HEAD)) === bytes.readUInt32LE(at + 4) ? length : undefined;
}

/** Undefined when no whole, undamaged record stands at this offset. */
export function readRecord(bytes: Buffer, at: number): JournalRecord | undefined {
  const length = recordLength(bytes, at);
  if (length === undefined) return undefined;
  const end = at + RECORD_HEAD + length;
  if (end > bytes.length || crc32(bytes.subarray(at + 4, end)) !== bytes.readUInt32LE(at)) return undefined;
  return {
    index: readU64(bytes, at + 12),
    batch: readU64(bytes, at + 20),
    nonce: bytes.subarray(at + 28, at + 36),
    counter: readU64(bytes, at + 36),
    headSequence: readU64(bytes, at + 44),
    entry: bytes.subarray(at + RECORD_HEAD, end),
    end,
  };
}

/** Without BigInt, which costs more than the rest of a record. */
export function writeU64(bytes: Buffer, value: number, at: number): void {
  bytes.writeUInt32LE(value >>> 0, at);
  bytes.writeUInt32LE(Math.floor(value / 2 ** 32), at + 4);
}

export function readU64(bytes: Buffer, at: number): number {
  return bytes.readUInt32LE(at) + bytes.readUInt32LE(at + 4) * 2 ** 32;
}
