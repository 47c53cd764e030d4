// What is read out of an index is as it was written, or the index is not used.
import { hash } from 'node:crypto';
import { crc32 } from 'node:zlib';

/** The index is not to be used; says why. */
export class IndexError extends Error {
  override readonly name = 'IndexError';
}

/** Bytes with a checksum behind them, over these and `place`: where they are to be. */
export function sealed(bytes: Uint8Array, place: string): Uint8Array {
  const whole = Buffer.alloc(bytes.length + 4);
  whole.set(bytes);
  whole.writeUInt32LE(crc32(place, crc32(bytes)), bytes.length);
  return whole;
}

/** @throws IndexError */
export function unsealed(column: unknown, place: string): Buffer {
  if (column instanceof Uint8Array && column.length >= 4) {
    const whole = Buffer.from(column.buffer, column.byteOffset, column.length);
    const bytes = whole.subarray(0, -4);
    if (crc32(place, crc32(bytes)) === whole.readUInt32LE(bytes.length)) return bytes;
  }
  throw new IndexError('a part of it is damaged');
}

export function numbersIn<T>(
  type: { new (buffer: ArrayBuffer, at: number, length: number): T; readonly BYTES_PER_ELEMENT: number },
  bytes: Uint8Array,
): T {
  const { buffer, byteOffset } = bytes.byteOffset % type.BYTES_PER_ELEMENT === 0 ? bytes : bytes.slice();
  return new type(buffer as ArrayBuffer, byteOffset, Math.floor(bytes.length / type.BYTES_PER_ELEMENT));
}

export function bytesOf({ buffer, byteOffset, byteLength }: NodeJS.TypedArray): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** What a row is found by. */
export function rowHash(of: string | Uint8Array): Buffer {
  return hash('sha256', of, 'buffer').subarray(0, 16);
}
