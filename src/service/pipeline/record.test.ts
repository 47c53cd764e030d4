import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { test } from 'node:test';
import { answered, refused } from '../../http/answer.ts';
import type { Call } from '../../http/call.ts';
import type { Principal } from '../../http/principal.ts';

import { ServiceError } from '../../http/service-error.ts';
import { auditEntryOf } from './record.ts';

function longCall(principal: Principal | undefined): Call {
  const request = {
    method: 'GET',
    url: `/${'u'.repeat(20_000)}`,
    headers: { 'user-agent': '"'.repeat(20_000), 'x-ms-client-request-id': 'i'.repeat(5000) },
  } as unknown as IncomingMessage;
  return {
    request,
    response: {} as Call['response'],
    peer: { address: '127.0.0.1', way: 'direct' },
    tokenShown: () => undefined,
    id: 'id',
    startedAt: 0,
    stage: 0,
    stageSince: 0,
    trace: undefined,
    host: undefined,
    path: '',
    query: new Map(),
    row: undefined,
    params: {},
    apiVersion: '',
    principal,
    scope: undefined,
    grant: undefined,
    grantedAt: undefined,
    isWhole: false,
    inTurn: false,
    body: undefined,
  };
}

function entryLength(principal: Principal | undefined): number {
  const call = longCall(principal);
  const outcome = refused(call, new ServiceError('Unauthorized', 'm'.repeat(9000)), () => []);
  const instance = { name: 'test', resourceId: 'ID', clockOffset: () => 0 };
  return JSON.stringify(auditEntryOf(call, outcome, instance)).length;
}

test('what a stranger can make long takes little of the log, what a caller can some more', () => {
  const someone: Principal = {
    oid: 'o',
    tenantId: 't',
    idType: 'app',
    groups: [],
    expiresAt: 0,
    cacheIdentityJson: '{}',
  };
  assert.ok(entryLength(undefined) < 4_000, `${entryLength(undefined)}`);
  assert.ok(entryLength(someone) < 12_000, `${entryLength(someone)}`);
});

test('the head of a commit is named by who changed something, and by nobody else', () => {
  const head = { sequence: 7, hash: 'h' };
  const named = (answer: { readonly head?: typeof head & { readonly entries?: number } }) => {
    const entry = auditEntryOf(longCall(undefined), answered({ status: 200, ...answer }), {
      name: 'test',
      resourceId: 'ID',
      clockOffset: () => 0,
    });
    return entry.storeHead;
  };
  assert.deepEqual(named({ head }), head);
  assert.deepEqual(named({ head: { ...head, entries: 5 } }), { ...head, entries: 5 });
  assert.equal(named({ head: { ...head, entries: 0 } }), undefined);
  assert.equal(named({}), undefined);
});
