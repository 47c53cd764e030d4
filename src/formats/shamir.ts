// Shamir's sharing per byte over the field of 257 elements, in the word form that the security-domain file carries:
// each share is a sequence of little-endian 16-bit words `(x << 9) | v`, with x the share's number and v = p(x), 0..256.

const PRIME = 257;
/** Share numbers are seven bits wide in the word. */
const MAX_SHARES = 126;

import { ShapeError } from './shape.ts';

/** Fills a buffer with uniform random bytes (`crypto.randomFillSync` fits). */
export type FillRandom = (bytes: Uint8Array) => void;

/** @throws ShapeError unless 2 ≤ required ≤ count ≤ 126 */
export function splitSecret(secret: Uint8Array, required: number, count: number, fillRandom: FillRandom): Buffer[] {
  if (
    !Number.isInteger(required) ||
    !Number.isInteger(count) ||
    required < 2 ||
    required > count ||
    count > MAX_SHARES
  ) {
    throw new ShapeError(`${required} of ${count} shares is out of range`);
  }
  const shares = Array.from({ length: count }, () => Buffer.alloc(2 * secret.length));
  const draw = uniformElements(fillRandom);
  const coefficients = new Uint16Array(required);
  secret.forEach((byte, position) => {
    coefficients[0] = byte;
    for (let i = 1; i < required; i++) coefficients[i] = draw();
    shares.forEach((share, index) => {
      const x = index + 1;
      let v = 0;
      for (let i = required - 1; i >= 0; i--) v = (v * x + (coefficients[i] as number)) % PRIME;
      share.writeUInt16LE((x << 9) | v, 2 * position);
    });
  });
  coefficients.fill(0);
  return shares;
}

/**
 * Recovers the secret from exactly `required` shares of distinct numbers. A wrong share gives a wrong secret (or a
 * ShapeError where a byte leaves 0..255): the caller must check what it recovered.
 * @throws ShapeError
 */
export function joinShares(shares: readonly Uint8Array[], required: number): Buffer {
  if (shares.length !== required || required < 2) throw new ShapeError(`needs exactly ${required} shares`);
  const numbers = shares.map(shareNumber);
  if (new Set(numbers).size !== numbers.length) throw new ShapeError('the same share was given twice');
  const length = (shares[0] as Uint8Array).length / 2;
  if (shares.some((share) => share.length !== 2 * length)) throw new ShapeError('shares differ in length');
  const weights = numbers.map((x) => weightAtZero(x, numbers));
  const secret = Buffer.alloc(length);
  for (let position = 0; position < length; position++) {
    let sum = 0;
    shares.forEach((share, i) => {
      sum = (sum + (wordAt(share, position) & 0x1ff) * (weights[i] as number)) % PRIME;
    });
    if (sum > 0xff) throw new ShapeError('the shares do not belong together');
    secret[position] = sum;
  }
  return secret;
}

/** The number x of a share, the same in all its words. @throws ShapeError */
export function shareNumber(share: Uint8Array): number {
  if (share.length === 0 || share.length % 2 !== 0) throw new ShapeError('a share has whole words');
  const x = wordAt(share, 0) >> 9;
  if (x === 0 || x > MAX_SHARES) throw new ShapeError('share number out of range');
  for (let position = 0; position < share.length / 2; position++) {
    const word = wordAt(share, position);
    if (word >> 9 !== x || (word & 0x1ff) >= PRIME) throw new ShapeError('malformed share');
  }
  return x;
}

function wordAt(share: Uint8Array, position: number): number {
  return (share[2 * position] as number) | ((share[2 * position + 1] as number) << 8);
}

/** Lagrange basis polynomial of x at zero. */
function weightAtZero(x: number, numbers: readonly number[]): number {
  let numerator = 1;
  let denominator = 1;
  for (const other of numbers) {
    if (other === x) continue;
    numerator = (numerator * (PRIME - other)) % PRIME;
    denominator = (denominator * (x - other + PRIME)) % PRIME;
  }
  return (numerator * inverse(denominator)) % PRIME;
}

/** Fermat: a^(p−2). */
function inverse(a: number): number {
  let result = 1;
  for (let i = 0; i < PRIME - 2; i++) result = (result * a) % PRIME;
  return result;
}

/** Uniform in 0..256 by rejection: 16-bit draws below the largest multiple of 257. */
function uniformElements(fillRandom: FillRandom): () => number {
  const pool = Buffer.alloc(512);
  let at = pool.length;
  return () => {
    for (;;) {
      if (at === pool.length) {
        fillRandom(pool);
        at = 0;
      }
      const word = pool.readUInt16LE(at);
      pool.writeUInt16LE(0, at);
      at += 2;
      if (word < 255 * PRIME) return word % PRIME;
    }
  };
}
