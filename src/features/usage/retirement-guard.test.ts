import assert from 'node:assert/strict';
import { dirname } from 'node:path';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import type { GrantHeaders } from '../../http/route.ts';
import { ServiceError } from '../../http/service-error.ts';
import { recordedLog } from '../audit/index/recorded-log.fixture.ts';
import type { Use } from '../audit/index/usage.ts';
import type { Retirement, RetirementGuard } from '../keys/retirement.ts';
import { usage as part } from './part.ts';
import { openGuard } from './retirement-guard.ts';
import { sharedUses, type Usage } from './usage-of.ts';

const NOW = 1.79e9;
const settings = { value: () => 'enforce', number: () => 30 };
const common = { settings, systemNow: () => NOW, report: assert.fail };
const version = (digit: string): Retirement => ({
  ...{ name: 'k', versions: [digit.repeat(32)], what: `version ${digit}`, how: 'disabled' },
});
const use = (digit: string): Use => {
  const facets = {
    ...{ caller: 'c', application: '', user: '', operation: 'KeySign', dataAction: '', key: 'k' },
    ...{
      version: digit.repeat(32),
      scope: '',
      outcome: 'success' as const,
      status: 200,
      code: 'OK',
      decision: 'allow',
    },
    grant: '',
  };
  return { facets, count: 1, first: NOW * 1000, last: NOW * 1000, days: new Map([[20_000, 1]]) };
};
const guardOver = (uses: Usage['uses']) => openGuard({ ...common, usage: { uses } });
const judge = (guard: RetirementGuard, by: () => Retirement | undefined, reason: GrantHeaders = {}) =>
  guard.change(
    by,
    () => reason,
    async (check) => check(),
  );
const withReason = { reason: 'stolen' };

test('with a reason a key is taken away after two seconds at most, however long its users are looked for', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const guard = guardOver(() => new Promise(() => undefined));
  let waits = true;
  void judge(guard, () => version('a')).finally(() => (waits = false));
  const told = judge(guard, () => version('a'), withReason);
  t.mock.timers.tick(2_000);
  const { retired } = await told;
  assert.match(retired?.warning ?? '', /^Whether version a, to be disabled, is used is not known: .* within 2 s$/);
  assert.deepEqual(retired?.detail, { usedBy: [], reason: 'stolen' });
  await setImmediate();
  assert.ok(waits, 'whoever says nothing waits for the answer');
});

test('a version that became the newest while users were looked for is judged, not the one before', async () => {
  let newest = 'a';
  const uses = async () => {
    newest = 'b';
    return { uses: [use('b')], entries: 1, gaveUp: false };
  };
  const judged = judge(guardOver(uses), () => version(newest));
  await assert.rejects(judged, (error: unknown) => error instanceof ServiceError && error.innerCode === 'KeyInUse');
  // One that changes each time is not known to be unused.
  let changes = 0;
  const never = guardOver(async () => ({ uses: [], entries: 1, gaveUp: false }));
  const restless = () => version(((changes += 1) % 10).toString());
  await assert.rejects(
    judge(never, restless),
    (error: unknown) => error instanceof ServiceError && error.innerCode === 'UsageUnknown',
  );
  const { retired } = await judge(never, restless, withReason);
  assert.match(
    retired?.warning ?? '',
    /^Whether version \d, to be disabled, is used is not known: the key was changed /,
  );
  assert.deepEqual(retired?.detail, { usedBy: [], reason: 'stolen' });
});

test('a version that became the newest between the answer and the commit is judged before it is taken away', async () => {
  for (const [used, innerCode] of [
    ['b', 'KeyInUse'],
    ['c', undefined],
  ] as const) {
    let newest = 'a';
    const made: string[] = [];
    const guard = guardOver(async () => ({ uses: [use(used)], entries: 1, gaveUp: false }));
    const changed = guard.change(
      () => version(newest),
      () => ({}),
      async (check) => {
        // Another worker has rotated it when the plan is made.
        newest = 'b';
        check();
        made.push(newest);
      },
    );
    if (innerCode === undefined) await changed;
    else
      await assert.rejects(changed, (error: unknown) => error instanceof ServiceError && error.innerCode === innerCode);
    assert.deepEqual(made, innerCode === undefined ? ['b'] : []);
  }
});

test('all who ask while users are looked for are told by the one reading that begins next', async () => {
  const begun: (() => void)[] = [];
  const { uses } = sharedUses({
    uses: (sinceDay) =>
      new Promise((resolve) => begun.push(() => resolve({ uses: [], entries: sinceDay, gaveUp: false }))),
  });
  const first = uses(1);
  await setImmediate();
  const others = Array.from({ length: 20 }, () => uses(1));
  assert.equal(begun.length, 1);
  begun[0]?.();
  await first;
  await setImmediate();
  assert.equal(begun.length, 2, 'it begins after they asked');
  begun[1]?.();
  assert.deepEqual(
    (await Promise.all(others)).map(({ entries }) => entries),
    others.map(() => 1),
  );
});

test('the guard waits for nobody who looks at usage, and few of these wait', async () => {
  using log = recordedLog();
  await log.record([{ time: new Date(NOW * 1000).toISOString(), operationName: 'KeyGet' }]);
  const places = { audit: log.folder, index: dirname(log.path) };
  const { readingTurns, retirementGuard } =
    part.keep?.({ ...common, report: () => undefined, indexWanted: () => undefined, places }) ?? assert.fail();
  const look = (principal: string) => readingTurns.take(principal, () => new Promise(() => undefined));
  void look('a');
  void look('a');
  assert.equal((await judge(retirementGuard, () => version('a'))).retired, undefined);
  await assert.rejects(look('a'), (error: unknown) => error instanceof ServiceError && error.status === 429);
});
