import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import type { RowRequest } from '../../http/route.ts';
import { ServiceError } from '../../http/service-error.ts';
import { ReadingTurns } from '../audit/reading-turns.ts';
import { accessRows } from './rows.ts';

test('whatever reads the log for a caller waits in the one queue, which is bounded', async () => {
  const readingTurns = new ReadingTurns();
  for (const caller of ['a', 'b', 'c', 'd', 'e'])
    void readingTurns.take(caller, () => new Promise<never>(() => undefined)).catch(assert.fail);
  const service = {
    readingTurns,
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
