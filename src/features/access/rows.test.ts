import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import type { AnyRow, RowRequest } from '../../http/route.ts';
import { ServiceError } from '../../http/service-error.ts';
import { ReadingTurns } from '../audit/reading-turns.ts';
import { auditRows } from '../audit/rows.ts';
import { usageRows } from '../usage/rows.ts';
import { accessRows } from './rows.ts';

test('whatever reads the log for a caller waits in the one queue, which is bounded', async () => {
  const readingTurns = new ReadingTurns();
  for (const caller of ['a', 'b', 'c', 'd', 'e'])
    void readingTurns.take(caller, () => new Promise<never>(() => undefined)).catch(assert.fail);
  const service = {
    readingTurns,
    keys: { find: () => ({ name: 'k' }) },
    roles: { isAllowed: () => ({ grant: 'g' }) },
    config: { name: 'dev' },
    places: { audit: '/nowhere' },
    network: { current: { defaultAction: 'Allow', bypass: 'None', ipRules: [], virtualNetworkRules: [] } },
    systemNow: () => 0,
  };
  const rows = accessRows(service as unknown as Parameters<typeof accessRows>[0]);
  const request = {
    params: { name: 'k', trace: randomUUID() },
    query: new Map(),
    body: { rules: {}, days: 1 },
    principal: { oid: 'f' },
  } as unknown as RowRequest<unknown>;
  for (const operation of ['AccessWho', 'AccessExplain', 'AccessNetworkPlan']) {
    const row = rows.find(({ operationName }) => operationName === operation);
    await assert.rejects(
      async () => row?.handle(request),
      (error: unknown) => error instanceof ServiceError && error.code === 'Throttled' && error.retryAfter > 0,
      operation,
    );
  }
});

test('those who may ask for access alone do not keep out who may read the log', async () => {
  const readingTurns = new ReadingTurns();
  const { promise: held, resolve: release } = Promise.withResolvers<void>();
  const flood = ['a', 'b', 'c', 'd', 'e'].map((caller) => readingTurns.take(caller, () => held));
  const isThrottled = (error: unknown): boolean => error instanceof ServiceError && error.code === 'Throttled';
  const ask = (principal: string, row: AnyRow | undefined) =>
    (async () => row?.handle({ query: new Map(), url: '', origin: '', principal: { oid: principal } } as never))();
  const service = {
    readingTurns,
    roles: { isAllowed: ({ oid }: { oid: string }) => (oid.startsWith('auditor') ? { grant: 'g' } : undefined) },
    usage: {
      calls: async () => ({ entries: 0, gaveUp: false }),
      uses: async () => ({ uses: [], entries: 0, gaveUp: false }),
    },
    systemNow: () => 1.79e9,
    places: { audit: '/nowhere', index: '/nowhere' },
  };
  const [usage] = usageRows(service as unknown as Parameters<typeof usageRows>[0]);
  const [search] = auditRows(service as unknown as Parameters<typeof auditRows>[0]);
  // Who may read the settings is told of usage as well.
  await assert.rejects(ask('settings-reader', usage), isThrottled);
  const looked = Promise.allSettled([ask('auditor', usage), ask('auditor-too', search)]);
  release();
  await Promise.all(flood);
  const [first = assert.fail(), second = assert.fail()] = await looked;
  assert.equal(first.status, 'fulfilled');
  assert.ok(second.status === 'rejected' && isThrottled(second.reason), 'the place is one');
});
