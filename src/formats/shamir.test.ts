import assert from 'node:assert/strict';
import { randomFillSync } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { joinShares, shareNumber, splitSecret } from './shamir.ts';
import { ShapeError } from './shape.ts';

const master = Buffer.from(Array.from({ length: 32 }, (_, i) => i));

test('known shares give the known master key, in any pair and order', () => {
  const shares = [
    '0003'.repeat(32),
    'ff04fe04fd04fc04fb04fa04f904f804f704f604f504f404f304f204f104f004ef04ee04ed04ec04eb04ea04e904e804e704e604e504e404e304e204e104e004',
    'fe06fc06fa06f806f606f406f206f006ee06ec06ea06e806e606e406e206e006de06dc06da06d806d606d406d206d006ce06cc06ca06c806c606c406c206c006',
  ].map((hex) => Buffer.from(hex, 'hex'));
  for (const [a, b] of [
    [0, 1],
    [1, 0],
    [0, 2],
    [2, 1],
  ] as const) {
    assert.deepEqual(joinShares([shares[a] as Buffer, shares[b] as Buffer], 2), master);
  }
});

test('known coefficients give the known shares', () => {
  let i = 0;
  // Draws 256 − i, the slope of byte i in the known answer.
  const slopes = (bytes: Uint8Array): void => {
    const words = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let at = 0; at < bytes.length; at += 2) words.setUint16(at, Math.max(256 - i++, 0), true);
  };
  const [first, second] = splitSecret(master, 2, 3, slopes);
  assert.equal(first?.toString('hex'), '0003'.repeat(32));
  assert.equal(second?.toString('hex').slice(0, 16), 'ff04fe04fd04fc04');
});

const quorum = fc.integer({ min: 2, max: 10 }).chain((count) =>
  fc.record({
    count: fc.constant(count),
    required: fc.integer({ min: 2, max: count }),
    order: fc.shuffledSubarray(
      Array.from({ length: count }, (_, i) => i),
      { minLength: count },
    ),
    secret: fc.uint8Array({ minLength: 1, maxLength: 40 }),
  }),
);

test('any M of N shares give the secret back', () => {
  fc.assert(
    fc.property(quorum, ({ count, required, order, secret }) => {
      const shares = splitSecret(secret, required, count, randomFillSync);
      const chosen = order.slice(0, required).map((index) => shares[index] as Buffer);
      assert.deepEqual(new Uint8Array(joinShares(chosen, required)), secret);
      assert.deepEqual(
        shares.map(shareNumber),
        order.map((_, i) => i + 1),
      );
    }),
  );
});

test('M − 1 shares are compatible with every value of the secret', () => {
  // For one byte, each possible secret is explained by exactly one value of the missing share.
  const [first] = splitSecret(Buffer.of(200), 2, 3, randomFillSync) as [Buffer];
  const explained = new Set<number>();
  for (let v = 0; v < 257; v++) {
    const guess = Buffer.alloc(2);
    guess.writeUInt16LE((2 << 9) | v);
    try {
      explained.add(joinShares([first, guess], 2)[0] as number);
    } catch (error) {
      // 256 is no byte: the one value of the field that no secret has.
      assert.ok(error instanceof ShapeError);
    }
  }
  assert.equal(explained.size, 256);
  assert.throws(() => joinShares([first], 2), ShapeError);
});

test('only distinct, well-formed shares count', () => {
  const [a, b] = splitSecret(master, 2, 3, randomFillSync) as [Buffer, Buffer];
  assert.throws(() => joinShares([a, a], 2), ShapeError);
  assert.throws(() => joinShares([a, Buffer.from(a)], 2), ShapeError);
  assert.throws(() => joinShares([a, b.subarray(2)], 2), ShapeError);
  assert.throws(() => joinShares([a, b.subarray(1)], 2), ShapeError);
  assert.throws(() => joinShares([a, Buffer.alloc(64)], 2), ShapeError);
  assert.throws(() => joinShares([a, Buffer.alloc(64, 0xff)], 2), ShapeError);
});

test('coefficients are uniform over the field', () => {
  const counts = new Array<number>(257).fill(0);
  // With secret 0 and M = 2 the first share is the coefficient itself.
  const [share] = splitSecret(Buffer.alloc(257 * 200), 2, 2, randomFillSync) as [Buffer];
  for (let i = 0; i < share.length; i += 2)
    counts[share.readUInt16LE(i) & 0x1ff] = (counts[share.readUInt16LE(i) & 0x1ff] ?? 0) + 1;
  const chiSquare = counts.reduce((sum, count) => sum + (count - 200) ** 2 / 200, 0);
  // 256 degrees of freedom: beyond 400 has a probability below 10⁻⁷.
  assert.ok(chiSquare < 400, `χ² = ${chiSquare}`);
});

test('quorums out of range are refused', () => {
  for (const [required, count] of [
    [1, 3],
    [4, 3],
    [2, 127],
    [2.5, 3],
    [Number.NaN, 3],
  ] as const) {
    assert.throws(() => splitSecret(master, required, count, randomFillSync), ShapeError);
  }
});
