import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readRules } from '../../watcher/alerts/rules.ts';
import { isGood } from './kept-test.ts';
import { outcomeOf } from './outcome.ts';

const [rule = assert.fail()] = readRules();
const OUTLETS = [{ kind: 'webhook', name: 'hook', url: 'https://hooks.example.com', secretFile: '/s' }] as const;

function outcome({
  hasScenario = false,
  areNamed = false,
  fired = false,
  problem,
}: Partial<Record<'hasScenario' | 'areNamed' | 'fired', boolean>> & { problem?: string }) {
  const scenario = { fires: hasScenario ? [rule.name] : [], does: 'did it', run: () => Promise.resolve() };
  const first = { at: 2_000, said: 'it came true' };
  return outcomeOf(rule, {
    outlets: OUTLETS,
    done: [{ scenario, began: 1_000, problem }],
    told: { fired: new Map(fired ? [[rule.name, first]] : []), at: () => ({ taken: { at: 3_000, said: 'taken' } }) },
    operations: new Set(),
    areNamed,
  });
}

test('a rule that nothing of the test is about was not tried, and that is a failure where it was asked for by name', () => {
  const untried = outcome({});
  assert.equal(untried.outcome, 'not tried');
  assert.ok(isGood(untried));
  const named = outcome({ areNamed: true });
  assert.equal(named.outcome, 'not fired');
  assert.ok(!isGood(named));
  // It may have been for just that.
  const hindered = outcome({ problem: 'no room' });
  assert.equal(hindered.outcome, 'not fired');
  assert.match(hindered.reason ?? '', /no room/);
  assert.match(named.reason ?? '', /^no scenario makes it come true: it was held against all of 1$/);
});

test('a rule that what was done is about has failed where it did not come true, and says why', () => {
  assert.equal(outcome({ hasScenario: true }).outcome, 'not fired');
  assert.match(
    outcome({ hasScenario: true, problem: 'no room' }).reason ?? '',
    /it could not be made to come true: no room/,
  );
  const good = outcome({ fired: true });
  assert.deepEqual([good.outcome, good.seconds], ['delivered', 1]);
  assert.equal(outcome({ hasScenario: true, fired: true }).seconds, 2);
});
