// That fewer shares than needed say nothing is not a matter of computing power: counted over all polynomials of the
// field, every set of M−1 shares is equally likely for every secret.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { splitSecret } from './shamir.ts';

const PRIME = 257;

/** The shares of one byte under the polynomial with these higher coefficients, values alone. */
function valuesOf(secret: number, coefficients: readonly number[], count: number): number[] {
  const fill = (bytes: Uint8Array): void => {
    coefficients.forEach((coefficient, index) => {
      bytes[2 * index] = coefficient & 0xff;
      bytes[2 * index + 1] = coefficient >> 8;
    });
  };
  const shares = splitSecret(Uint8Array.of(secret), coefficients.length + 1, count, fill);
  return shares.map((share) => share.readUInt16LE(0) & 0x1ff);
}

test('one share of two needed: each value comes of each secret by exactly one polynomial', () => {
  const count = 5;
  for (let secret = 0; secret < 256; secret++) {
    const seen = Array.from({ length: count }, () => new Uint32Array(PRIME));
    for (let coefficient = 0; coefficient < PRIME; coefficient++) {
      valuesOf(secret, [coefficient], count).forEach((value, index) => {
        const counts = seen[index] as Uint32Array;
        counts[value] = (counts[value] as number) + 1;
      });
    }
    for (const counts of seen) assert.ok(counts.every((times) => times === 1));
  }
});

test('two shares of three needed: each pair of values comes of each secret by exactly one polynomial', () => {
  const count = 4;
  const pairs = [0, 1, 2, 3].flatMap((a) => [0, 1, 2, 3].filter((b) => b > a).map((b) => [a, b] as const));
  for (const secret of [0, 1, 255]) {
    const seen = pairs.map(() => new Uint8Array(PRIME * PRIME));
    for (let first = 0; first < PRIME; first++) {
      for (let second = 0; second < PRIME; second++) {
        const values = valuesOf(secret, [first, second], count);
        pairs.forEach(([a, b], index) => {
          const counts = seen[index] as Uint8Array;
          const at = (values[a] as number) * PRIME + (values[b] as number);
          counts[at] = (counts[at] as number) + 1;
        });
      }
    }
    for (const counts of seen) assert.ok(counts.every((times) => times === 1));
  }
});
