import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CryptoClient } from '../crypto/client/crypto-client.ts';
import type { AuditEntry } from '../links/recorder/audit-log.ts';
import type { Change } from '../store/sealed/records.ts';
import { recordFinishedCeremony } from './finished-ceremony.ts';

const [ANNA, BORIS] = ['a', 'b'].map((letter) => letter.repeat(43)) as [string, string];

/** A worker that starts beside others, which commit each time before its plan is asked for. */
function openWorld(others: (n: number) => void) {
  const state = { asked: 0, sequence: 7, latest: { required: 1, thumbprints: [ANNA] }, committed: [] as Change[] };
  const entries: AuditEntry[] = [];
  const log = {
    config: { name: 'dev', resourceId: '/x', initialAdministrators: [] },
    audit: { append: async (text: string) => void entries.push(JSON.parse(text) as AuditEntry) },
    records: {
      refresh: () => undefined,
      get head() {
        return { sequence: state.sequence, hash: '' };
      },
      async update(plan: () => readonly Change[]) {
        state.sequence += 1;
        others(state.sequence);
        const changes = plan();
        state.committed.push(...changes);
        return { sequence: state.sequence, hash: '', ...(changes.length === 0 ? { entries: 0 } : {}) };
      },
    },
  };
  const crypto = { send: async () => ((state.asked += 1), { required: 2, thumbprints: [ANNA, BORIS] }) };
  const activation = { isActive: () => true, latest: () => state.latest, begun: () => undefined };
  const register = { split: undefined, get: () => undefined, list: () => [] };
  const run = () =>
    recordFinishedCeremony(log as never, crypto as unknown as CryptoClient, {
      activation: activation as never,
      register: register as never,
      now: () => 0,
    });
  return { state, entries, run };
}

test('a start goes on however much others commit meanwhile', async () => {
  const { state, entries, run } = openWorld(() => {});
  await run();
  assert.equal(state.asked, 1);
  assert.ok(state.committed.length > 0);
  assert.deepEqual(
    entries.map(({ operationName }) => operationName),
    ['SecurityDomainCompleted'],
  );
});

test('the module is asked again where another ceremony was recorded meanwhile', async () => {
  const { state, entries, run } = openWorld((sequence) => {
    if (sequence === 8) state.latest = { required: 2, thumbprints: [ANNA, BORIS] };
  });
  await run();
  assert.deepEqual([state.asked, state.committed, entries], [2, [], []]);
});
