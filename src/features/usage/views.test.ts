import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DAY_MS, type Use } from '../audit/index/usage.ts';
import { viewOf } from './views.ts';

test('the volume of a log with many kinds of entries over many days is judged as that of a small one', async () => {
  const [kinds, days, today] = [2_500, 86, 20_000];
  const uses = Array.from({ length: kinds }, (_, i): Use => {
    const facets = {
      ...{
        caller: `c${i}`,
        application: '',
        user: '',
        operation: 'KeySign',
        dataAction: '',
        key: `k${i % 40}`,
        version: '',
      },
      ...{ scope: '', outcome: 'success' as const, status: 200, code: 'OK', decision: 'allow', grant: '' },
    };
    const counts = Array.from({ length: days }, (_, day) => [today - day, 1] as const);
    return { facets, count: days, first: (today - days) * DAY_MS, last: today * DAY_MS, days: new Map(counts) };
  });
  const usage = { uses: async () => ({ uses, entries: kinds * days, gaveUp: false }), calls: () => assert.fail() };
  const until = (today + 1) * DAY_MS;
  const { rows } = await viewOf(usage, { view: 'volume', since: until - 29 * DAY_MS, until });
  assert.deepEqual(
    rows.map((row) => ('verdict' in row ? [row.of, row.verdict, row.count] : [])),
    Array.from({ length: 29 }, () => ['all', 'usual', kinds]),
  );
});
