// What a crash can leave of a record that was being written: pieces of it missing, which read as the zeros the segment was
// filled with. A record that is wrong in any other way was changed, not torn.
import { RECORD_HEAD, recordLength } from './journal-format.ts';

/** A disk writes sectors whole; a write that was cut short ends anywhere. */
const SECTOR = 512;

/** Whether the record at `at` lacks a piece. Entries are JSON and hold no zero bytes, heads begin with a checksum. */
export function hasMissingPiece(bytes: Buffer, at: number): boolean {
  const length = recordLength(bytes, at);
  const body = at + RECORD_HEAD;
  if (length === undefined) {
    const sector = sectorEnd(at);
    return (
      isZero(bytes, at, Math.min(sector, bytes.length)) ||
      (sector < body && isZero(bytes, sector, Math.min(sector + SECTOR, bytes.length))) ||
      isZero(bytes, Math.min(body, bytes.length), bytes.length)
    );
  }
  const end = body + length;
  if (end > bytes.length) return false;
  if (bytes[end - 1] === 0) return true;
  for (let from = body; from < end; from = sectorEnd(from)) {
    if (isZero(bytes, from, Math.min(sectorEnd(from), end))) return true;
  }
  return false;
}

function sectorEnd(at: number): number {
  return (Math.floor(at / SECTOR) + 1) * SECTOR;
}

export function isZero(bytes: Buffer, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (bytes[i] !== 0) return false;
  return true;
}
