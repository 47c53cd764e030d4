import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UsageError } from '../arguments.ts';
import { readSinksArguments } from './arguments.ts';
import { sinksFaults, sinksReport } from './report.ts';
import type { SinksRow } from './results.ts';

const row: SinksRow = {
  title: 'one',
  requests: { pairs: [{ first: 100, second: 90 }], ratio: 0.9, low: 0.88, high: 0.94 },
  disturbance: { foreign: 0, stolen: 0 },
  loadSeconds: 5,
  perSecond: 90,
  behind: { entries: 400, seconds: 4 },
  caughtUpMs: 1_500,
  speed: 300,
  raw: 1_000,
  watcherMicros: 40,
  receiversMicros: 8,
  faults: [],
};

test('the bound is missed when all of the interval is below it, unless others had the cores', () => {
  assert.match(sinksFaults(row).join(), /BOUND NOT REACHED: 0\.900, of at least 0\.95/);
  assert.deepEqual(sinksFaults({ ...row, requests: { ...row.requests, high: 0.96 } }), []);
  const disturbance = { foreign: 0.2, stolen: 0 };
  assert.deepEqual(sinksFaults({ ...row, disturbance }), []);
  assert.deepEqual(sinksFaults({ ...row, disturbance, faults: ['the file lacks a line'] }), ['the file lacks a line']);
});

test('the report has both tables, and says what was wrong and what was disturbed', () => {
  const environment = {} as never;
  const text = sinksReport({ environment, rows: [row] });
  assert.match(text, /one +100 +90 +0\.900 +0\.880–0\.940 +1\n/);
  assert.match(text, /one +5 s +90 +400 +4 s +1\.50 s +300 +1,000 +0\.30 +40 +8\n/);
  assert.match(text, /one: BOUND NOT REACHED/);
  const disturbance = { foreign: 0.2, stolen: 0 };
  assert.match(sinksReport({ environment, rows: [{ ...row, disturbance }] }), /one: disturbed.*20 %/);
});

test('pairs and seconds have limits, and operations are those that there are', () => {
  const known = ['rs256', 'es256', 'a256gcm'];
  assert.deepEqual(readSinksArguments([], known), {
    names: ['es256', 'a256gcm'],
    pairs: 30,
    seconds: 15,
    json: undefined,
  });
  assert.deepEqual(readSinksArguments(['rs256', '--pairs', '4'], known).names, ['rs256']);
  for (const words of [['rs512'], ['--pairs', '3'], ['--pairs', '4.5'], ['--seconds', '0'], ['--fast']]) {
    assert.throws(() => readSinksArguments(words, known), UsageError, words.join(' '));
  }
});
