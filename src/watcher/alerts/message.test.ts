import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Alert } from './alert-state.ts';
import { telling } from './message.ts';

const alert = (id: string, time: string): Alert => ({
  ...{ id, time, rule: 'it', severity: 'critical', log: 'dev', what: 'It happened', more: 0 },
});

test('of a test every form of a message says so, and no time in it is later than when it is told', () => {
  const alerts = [alert('a', '2026-11-28T08:00:00.000Z'), alert('b', '2030-12-01T00:00:00.000Z')];
  const now = '2026-11-28T09:00:00.000Z';
  const told = telling({ id: 'm', alerts, since: -1 }, undefined, '/hsms/dev', Date.parse(now));
  const forms = JSON.stringify(told);
  assert.doesNotMatch(forms, /2030/);
  assert.match(forms, /2026-11-28T08:00:00\.000Z/);
  assert.equal(told.time, now);
  const { data } = JSON.parse(told.event) as { data: { Test: boolean; Title: string } };
  assert.deepEqual([data.Test, data.Title], [true, 'TEST: it']);
  assert.match(told.subject, /TEST/);
  assert.match(told.text, /^This is a test\./);
  const real = telling({ id: 'm', alerts, since: -1 }, undefined, '/hsms/dev');
  assert.equal(real.time, '2030-12-01T00:00:00.000Z');
  assert.doesNotMatch(JSON.stringify(real), /TEST|This is a test|"Test/);
});
