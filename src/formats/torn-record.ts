// What a crash can leave of the batch that was being written: whole sectors of it missing, which read as the zeros the
// segment was filled with. A record that is wrong in any other way was changed, not torn.
import { RECORD_HEAD, recordLength } from './journal-format.ts';

/** A disk writes sectors whole, and the kernel cuts a write short only between pages. */
const SECTOR = 512;
/** A sector that was written has at least so many bytes that are not zero, unless the batch ends in it. */
const FEWEST = 8;
const END_OF_JSON = 0x7d;

/** Whether what stands at `at`, where no whole record is, can be the remains of one. */
export function isTornRecord(bytes: Buffer, at: number): boolean {
  return lacksSector(bytes, at) && restWasWritten(bytes, at);
}

/** Entries are JSON and hold no zero bytes; a head begins with a checksum. */
function lacksSector(bytes: Buffer, at: number): boolean {
  const length = recordLength(bytes, at);
  // Without a whole head the entry's length cannot be believed, but then it is the head that lacks a sector.
  const end = at + RECORD_HEAD + (length ?? 0);
  if (end > bytes.length) return false;
  const boundary = sectorEnd(at);
  if (length === undefined && boundary < end) {
    return isZero(bytes, at, boundary) || isZero(bytes, boundary, Math.min(boundary + SECTOR, bytes.length));
  }
  if (length === undefined) return isZero(bytes, at, boundary);
  for (let from = at + RECORD_HEAD; from < end; from = sectorEnd(from)) {
    if (isZero(bytes, from, Math.min(sectorEnd(from), end))) return true;
  }
  return false;
}

/** Sectors that are there must look written; a stray byte among the zeros was put there by somebody else. */
function restWasWritten(bytes: Buffer, at: number): boolean {
  let ended = false;
  for (let from = sectorEnd(at); from < bytes.length; from = sectorEnd(from)) {
    const sector = bytes.subarray(from, Math.min(sectorEnd(from), bytes.length));
    const used = sector.reduce((count, byte) => count + (byte === 0 ? 0 : 1), 0);
    if (used === 0) continue;
    if (ended) return false;
    if (used >= FEWEST) continue;
    ended = true;
    if (sector[used - 1] !== END_OF_JSON || !isZero(sector, used, sector.length)) return false;
  }
  return true;
}

function sectorEnd(at: number): number {
  return (Math.floor(at / SECTOR) + 1) * SECTOR;
}

export function isZero(bytes: Buffer, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (bytes[i] !== 0) return false;
  return true;
}
