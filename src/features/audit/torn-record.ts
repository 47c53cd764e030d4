// What a crash can leave of a record that was being written: pieces of it missing, which read as the zeros the segment was
// filled with. A record that is wrong in any other way was changed, not torn.
import { MAX_ENTRY } from '../../formats/tlog-tiles.ts';
import { RECORD_HEAD } from './journal-format.ts';

const SECTOR = 512;

/** A disk writes sectors whole, so a piece that is missing reads as zeros up to the ends of its sector or record. */
export function hasMissingPiece(bytes: Buffer, at: number): boolean {
  const sectorEnd = Math.min((Math.floor(at / SECTOR) + 1) * SECTOR, bytes.length);
  if (at + RECORD_HEAD > bytes.length) return false;
  const length = bytes.readUInt32LE(at + 4);
  if (length === 0) return isZero(bytes, at + 4, Math.min(sectorEnd, at + RECORD_HEAD)) || sectorEnd < at + 8;
  const end = at + RECORD_HEAD + length;
  if (length > MAX_ENTRY || end > bytes.length) return sectorEnd < at + 8;
  if (bytes[end - 1] === 0) return true;
  for (let from = at; from < end; from = Math.min((Math.floor(from / SECTOR) + 1) * SECTOR, end)) {
    const to = Math.min((Math.floor(from / SECTOR) + 1) * SECTOR, end);
    if (isZero(bytes, from, to)) return true;
  }
  return false;
}

export function isZero(bytes: Buffer, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (bytes[i] !== 0) return false;
  return true;
}
