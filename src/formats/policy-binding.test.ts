import assert from 'node:assert/strict';
import { test } from 'node:test';
import { immutabilityOf, isAtLeast, isPolicyBinding, policyBinding, policyHashOf } from './policy-binding.ts';

const STRENGTHS = [false, true, 'from-creation'] as const;
const [one, other] = [Buffer.from('{}'), Buffer.from('[]')];

test('a binding says its policy and how firm it is', () => {
  for (const immutable of STRENGTHS) {
    const binding = policyBinding(one, immutable);
    assert.ok(isPolicyBinding(binding));
    assert.equal(immutabilityOf(binding), immutable);
    assert.equal(policyHashOf(binding), policyBinding(one, false));
  }
  assert.ok(isPolicyBinding(''));
  const hash = policyBinding(one, false);
  for (const wrong of [
    'immutable:',
    'immutable-from-creation:',
    `immutable:immutable:${hash}`,
    `x:${hash}`,
    'AAAA',
    7,
  ]) {
    assert.ok(!isPolicyBinding(wrong), String(wrong));
  }
});

test('a binding is at least another one if it is of the same policy and as firm', () => {
  for (const [at, mine] of STRENGTHS.entries()) {
    for (const [than, theirs] of STRENGTHS.entries()) {
      assert.equal(isAtLeast(policyBinding(one, mine), policyBinding(one, theirs)), at >= than);
      assert.ok(!isAtLeast(policyBinding(one, mine), policyBinding(other, theirs)));
    }
  }
});
