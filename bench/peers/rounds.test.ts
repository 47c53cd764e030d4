import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isSound } from './report.ts';
import { middle, type PeerRow } from './rounds.ts';

const ROW: PeerRow = { ...middle('rs256', 'OpenBao', [30, 10, 20]), disturbed: false };
const SERVED = {
  p50Ms: 1,
  p99Ms: 2,
  cpuMicros: 3,
  checked: 4,
  wrong: 0,
  errors: {},
  audit: { entries: 5, answers: 5 },
};

test('a figure is that of the round in the middle, with the slowest and the fastest beside it', () => {
  assert.deepEqual(middle('rs256', 'OpenBao', [30, 10, 20]), {
    operation: 'rs256',
    service: 'OpenBao',
    opsPerSecond: 20,
    slowest: 10,
    fastest: 30,
  });
});

test('a service is believed whose answers are all right and all recorded', () => {
  assert.equal(isSound(ROW), true, 'a library keeps no record');
  assert.equal(isSound({ ...ROW, served: SERVED }), true);
  assert.equal(isSound({ ...ROW, served: { ...SERVED, wrong: 1 } }), false);
  assert.equal(isSound({ ...ROW, served: { ...SERVED, errors: { 'HTTP 503': 1 } } }), false);
  assert.equal(isSound({ ...ROW, served: { ...SERVED, audit: { entries: 4, answers: 5 } } }), false);
  assert.equal(isSound({ ...ROW, served: { ...SERVED, audit: undefined } }), false);
});
