import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { consistencyProof, isConsistent, MAX_PROOF } from './consistency-proof.ts';
import { growLog } from './grown-log.fixture.ts';
import { EMPTY_ROOT } from './merkle.ts';

const MOST = 300;
const log = growLog('example.org/log', MOST);
const tree = (size: number) => ({ size, root: log.root(size) });
const growth = fc
  .tuple(fc.integer({ min: 0, max: MOST }), fc.integer({ min: 0, max: MOST }))
  .map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const);

test('every growth of every small tree is proven', () => {
  for (let newer = 0; newer <= 70; newer++) {
    for (let older = 0; older <= newer; older++) {
      assert.ok(isConsistent(tree(older), tree(newer), log.proof(older, newer)), `${older} to ${newer}`);
    }
  }
});

test('for all trees and growths: the proof verifies, and no other does', () => {
  fc.assert(
    fc.property(growth, fc.nat(), fc.nat({ max: 7 }), ([older, newer], at, bit) => {
      const proof = log.proof(older, newer);
      assert.ok(isConsistent(tree(older), tree(newer), proof));
      assert.ok(!isConsistent(tree(older), tree(newer), [...proof, Buffer.alloc(32)]));
      const hash = proof[at % Math.max(1, proof.length)];
      if (hash === undefined) return;
      assert.ok(!isConsistent(tree(older), tree(newer), proof.slice(1)));
      assert.ok(!isConsistent(tree(older), tree(newer), proof.slice(0, -1)));
      const changed = Buffer.from(hash);
      changed[at % 32] = (changed[at % 32] ?? 0) ^ (1 << bit);
      const others = proof.map((each) => (each === hash ? changed : each));
      assert.ok(!isConsistent(tree(older), tree(newer), others));
    }),
  );
});

test('for all forks: no proof of either history shows that one goes on from the other', () => {
  fc.assert(
    fc.property(growth, fc.nat(), ([older, newer], at) => {
      const same = older === 0 ? 0 : at % older;
      const fork = log.fork(same);
      for (const proof of [log.proof(older, newer), fork.proof(older, newer)]) {
        const verdict = isConsistent(tree(older), { size: newer, root: fork.root(newer) }, proof);
        assert.equal(verdict, older === 0, `${older} to ${newer}, the same up to ${same}`);
      }
    }),
    { numRuns: 50 },
  );
});

test('what is no tree, no growth or no proof is not consistent', () => {
  assert.throws(() => consistencyProof(2, 1, () => EMPTY_ROOT), RangeError);
  assert.ok(!isConsistent(tree(3), tree(2), []));
  assert.ok(!isConsistent({ size: 0, root: log.root(1) }, tree(2), []));
  assert.ok(!isConsistent({ size: 0, root: EMPTY_ROOT }, { size: 0, root: log.root(1) }, []));
  assert.ok(!isConsistent(tree(3), { size: 3, root: log.root(4) }, []));
  const long = Array.from({ length: MAX_PROOF + 1 }, () => Buffer.alloc(32));
  assert.ok(!isConsistent(tree(4), tree(9), long));
});

test('sizes beyond 32 bits are told apart', () => {
  const root = Buffer.alloc(32, 1);
  // Of 2^40 entries the first 2^39: the proof is the other half.
  const seen: (readonly [number, number])[] = [];
  const proof = consistencyProof(2 ** 39, 2 ** 40, (start, end) => {
    seen.push([start, end]);
    return root;
  });
  assert.deepEqual(seen, [[2 ** 39, 2 ** 40]]);
  assert.equal(proof.length, 1);
  assert.ok(!isConsistent({ size: 2 ** 39, root }, { size: 2 ** 40, root }, proof));
});
