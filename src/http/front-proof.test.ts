import assert from 'node:assert/strict';
import { it } from 'node:test';
import { type ConnectionProof, instanceKey, prove } from '../formats/front-proof.ts';
import { KnownFront } from './front-proof.ts';

const SECRET = new Uint8Array(32).fill(3);
const KEY = instanceKey(SECRET, 'vault1');
const SECOND = 1_000_000_000n;
const shown: ConnectionProof = { source: '203.0.113.1', fromPort: 50_000, toPort: 4242 };

function at(start: bigint) {
  const clock = { now: start };
  return {
    clock,
    front: new KnownFront(
      () => KEY,
      () => clock.now,
    ),
  };
}

it('is of one client, one connection and one instance', () => {
  const { front } = at(100n * SECOND);
  const proof = prove(KEY, shown, 100n * SECOND);
  assert.ok(front.isShownBy(proof, shown));
  for (const other of [
    { ...shown, source: '203.0.113.2' },
    { ...shown, source: undefined },
    { ...shown, fromPort: 50_001 },
    { ...shown, toPort: 4243 },
  ]) {
    assert.equal(front.isShownBy(proof, other), false, JSON.stringify(other));
  }
  assert.equal(front.isShownBy(prove(instanceKey(SECRET, 'vault2'), shown, 100n * SECOND), shown), false);
  assert.ok(front.isShownBy(prove(instanceKey(SECRET, 'Vault1'), shown, 100n * SECOND), shown), 'names have no case');
});

it('of the front itself is not of a client', () => {
  const { front } = at(0n);
  const own = { ...shown, source: undefined };
  const proof = prove(KEY, own, 0n);
  assert.ok(front.isShownBy(proof, own));
  assert.equal(front.isShownBy(proof, shown), false);
});

it('is good for seconds, and never on an instance that started later: its port may have been somebody else’s', () => {
  const { clock, front } = at(100n * SECOND);
  assert.equal(front.isShownBy(prove(KEY, shown, 100n * SECOND - 1n), shown), false, 'made before the start');
  const proof = prove(KEY, shown, 101n * SECOND);
  assert.equal(front.isShownBy(proof, shown), false, 'not made yet');
  clock.now = 131n * SECOND;
  assert.ok(front.isShownBy(proof, shown));
  clock.now += 1n;
  assert.equal(front.isShownBy(proof, shown), false, 'too old');
});

it('is nothing else: the secret, a part of a proof or none; and nothing is one while the key is not known', () => {
  const { front } = at(0n);
  const proof = prove(KEY, shown, 0n);
  for (const bytes of [undefined, new Uint8Array(), SECRET, KEY, proof.subarray(1), Buffer.concat([proof, proof])]) {
    assert.equal(front.isShownBy(bytes, shown), false);
  }
  for (let byte = 0; byte < proof.length; byte++) {
    const changed = Uint8Array.from(proof);
    changed[byte] = (changed[byte] ?? 0) ^ 1;
    assert.equal(front.isShownBy(changed, shown), false, `byte ${byte}`);
  }
  assert.equal(
    new KnownFront(
      () => undefined,
      () => 0n,
    ).isShownBy(proof, shown),
    false,
  );
});
