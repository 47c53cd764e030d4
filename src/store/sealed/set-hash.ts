// A hash of the set of live rows that follows each change at a cost that does not grow with the set. It is LtHash with
// 1024 lanes of 16 bits (Lewi, Kim, Maykov, Weis, "Securing Update Propagation with Homomorphic Hashing", 2019): every
// row's mark is expanded by SHAKE128 to a vector, and the vectors are added lane by lane mod 2¹⁶.
//
// Why this is enough against who owns the store: to have another set accepted, they need one with the same sum, which
// is a short-integer-solution problem that its authors put above 2²⁰⁰ work, even if the marks could be chosen freely.
// Here they cannot: only rows that the module once sealed open at all, each key counts once, and the result is itself
// sealed in the head. Nothing depends on a secret. Plain sums mod 2²⁵⁶ or XOR of hashes would fall to generalised
// birthday attacks (Wagner 2002) with the many old rows that the owner of the store can keep.
//
// The head carries SHA-256 of the sum: short enough for every audit entry, and as hard to collide as the sum.
import { Buffer } from 'node:buffer';
import { createHash, hash } from 'node:crypto';
import { endianness } from 'node:os';

const LANES = 1024;
const MARK_DOMAIN = Buffer.from('strongroom store row v1\0', 'latin1');
const SET_DOMAIN = Buffer.from('strongroom store set v1\0', 'latin1');

/**
 * What stands for a row in the set, as 32 latin1 characters. The sealed bytes are in it, not only key and revision: an
 * update that lost its race, or failed half-way, leaves a second authentic record of the same key and revision behind.
 */
export function markOf(key: Uint8Array, revision: number, sealed: Uint8Array): string {
  const number = Buffer.allocUnsafe(8);
  number.writeBigUInt64LE(BigInt(revision));
  // Keys and the number have fixed lengths, so no two rows give the same input.
  return createHash('sha256').update(MARK_DOMAIN).update(key).update(number).update(sealed).digest('latin1');
}

export class SetHash {
  readonly #sum: Uint16Array;

  constructor(sum: Uint16Array = new Uint16Array(LANES)) {
    this.#sum = sum;
  }

  add(mark: string): void {
    const sum = this.#sum;
    const vector = expand(mark);
    for (let lane = 0; lane < LANES; lane++) sum[lane] = (sum[lane] as number) + (vector[lane] as number);
  }

  remove(mark: string): void {
    const sum = this.#sum;
    const vector = expand(mark);
    for (let lane = 0; lane < LANES; lane++) sum[lane] = (sum[lane] as number) - (vector[lane] as number);
  }

  copy(): SetHash {
    return new SetHash(this.#sum.slice());
  }

  /** base64url, 43 characters */
  digest(): string {
    return hash('sha256', littleEndian(Buffer.from(this.#sum.slice().buffer)), 'base64url');
  }
}

function expand(mark: string): Uint16Array {
  const input = Buffer.concat([SET_DOMAIN, Buffer.from(mark, 'latin1')]);
  const bytes = hash('shake128', input, { outputEncoding: 'buffer', outputLength: 2 * LANES });
  // Lanes must lie at even addresses.
  const { buffer, byteOffset } =
    bytes.byteOffset % 2 === 0 ? littleEndian(bytes) : Uint8Array.from(littleEndian(bytes));
  return new Uint16Array(buffer, byteOffset, LANES);
}

/** Lanes are little-endian on every machine, so that a store can move to another. Turns the bytes in place. */
function littleEndian(bytes: Buffer): Buffer {
  return endianness() === 'LE' ? bytes : bytes.swap16();
}
