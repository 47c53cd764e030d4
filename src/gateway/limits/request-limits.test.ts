import assert from 'node:assert/strict';
import { it } from 'node:test';
import { openThrottle } from './request-limits.ts';
import { ThrottledTally } from './throttled-tally.ts';

it('throttles strangers by address and principals by object id, and says for how long', () => {
  let now = 0;
  const size = { burst: 2, perSecond: 0.25 };
  const throttle = openThrottle({ strangers: size, principals: size, connectionsPerAddress: 1 }, () => now);
  for (const act of [() => throttle.stranger('192.0.2.1'), () => throttle.principal('alice')]) {
    act();
    act();
    assert.throws(act, { code: 'Throttled', status: 429, retryAfter: 4 });
  }
  throttle.stranger('192.0.2.2');
  throttle.principal('bob');
  now = 4;
  throttle.stranger('192.0.2.1');
  throttle.principal('alice');
});

it('leaves principals alone where no limit is set', () => {
  const throttle = openThrottle({ strangers: { burst: 1, perSecond: 1 }, connectionsPerAddress: 1 }, () => 0);
  for (let n = 0; n < 1000; n++) throttle.principal('alice');
});

it('records the first of a span, and says how many were counted only', () => {
  let now = 0;
  const tally = new ThrottledTally(() => now);
  assert.deepEqual(
    [tally.count('a'), tally.count('a'), tally.count('a'), tally.count('b')],
    [0, undefined, undefined, 0],
  );
  now = 10;
  assert.deepEqual([tally.count('a'), tally.count('b')], [2, 0]);
});
