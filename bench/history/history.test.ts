import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { compare, comparisonReport } from './comparison.ts';
import { appendToHistory, type HistoryEntry, lastOfKind, readHistory } from './history.ts';

const entry: HistoryEntry = {
  time: '2026-11-27T08:00:00.000Z',
  commit: 'aaaaaaa',
  machine: { cpu: 'AMD EPYC', cores: 2, node: '26.10.0', openssl: 'OpenSSL 3.5.9' },
  connections: 64,
  seconds: 5,
  load: 0.1,
  ratios: { rs256: 0.61, a256gcm: 0.43 },
  serviceMicros: { rs256: 110, a256gcm: 101 },
  startUpMs: { first: 3000, second: 2000 },
  disturbed: [],
};

function worse(change: Partial<HistoryEntry>): readonly string[] {
  const changes = compare(entry, { ...entry, ...change });
  return changes.filter((one) => one.worse).map(({ figure }) => figure);
}

function historyFile(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'strongroom-history-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return join(folder, 'history.jsonl');
}

test('what is recorded is read again, in order', (t) => {
  const file = historyFile(t);
  writeFileSync(file, '');
  assert.deepEqual(readHistory(file), []);
  const second = { ...entry, commit: 'bbbbbbb' };
  for (const each of [entry, second]) appendToHistory(file, each);
  assert.deepEqual(readHistory(file), [entry, second]);
});

test('a broken line is named', (t) => {
  const file = historyFile(t);
  writeFileSync(file, `${JSON.stringify(entry)}\n<<<<<<< HEAD\n`);
  assert.throws(() => readHistory(file), /line 2/);
});

test('a run is compared with the newest of the same machine, Node, OpenSSL, connections and seconds', () => {
  const newer = { ...entry, commit: 'bbbbbbb' };
  const others = [
    ...[{ cpu: 'Intel' }, { cores: 4 }, { node: '27.0.0' }, { openssl: 'OpenSSL 3.0.22' }].map((change) => ({
      ...entry,
      machine: { ...entry.machine, ...change },
    })),
    { ...entry, connections: 1 },
    { ...entry, seconds: 1 }, // what is not compiled yet costs more
  ];
  assert.equal(lastOfKind([entry, newer, ...others], entry), newer);
  assert.equal(lastOfKind(others, entry), undefined);
});

test('fewer operations, more processor time and longer starts are worse beyond noise', () => {
  assert.deepEqual(worse({ ratios: { rs256: 0.579, a256gcm: 0.41 } }), ['rs256, ops/B']);
  assert.deepEqual(worse({ serviceMicros: { rs256: 115, a256gcm: 132 } }), ['a256gcm, service µs']);
  assert.deepEqual(worse({ startUpMs: { first: 3400, second: 2900 } }), ['second start, ms']);
});

test('what became better, or is new, is no worse', () => {
  const better = {
    ratios: { rs256: 0.9, es256: 0.1 },
    serviceMicros: { rs256: 50 },
    startUpMs: { first: 1, second: 1 },
  };
  assert.deepEqual(worse(better), []);
  assert.ok(!compare(entry, { ...entry, ...better }).some(({ figure }) => figure.startsWith('es256')));
});

test('what was disturbed, then or now, is shown and not judged', () => {
  const slow = { ...entry, ratios: { rs256: 0.3, a256gcm: 0.2 }, startUpMs: { first: 9000, second: 9000 } };
  assert.deepEqual(worse({ ...slow, disturbed: ['rs256', 'start-up'] }), ['a256gcm, ops/B']);
  const report = comparisonReport({ ...entry, disturbed: ['rs256'] }, slow);
  assert.match(report, /^rs256, ops\/B +0\.61 +0\.3 +\(-51 %\)$/m);
  assert.match(report, /^a256gcm, ops\/B +0\.43 +0\.2 +-53 % +WORSE$/m);
});

test('lines of what became worse are red where colours are shown, and say so in words anyway', () => {
  const now = { ...entry, ratios: { rs256: 0.61, a256gcm: 0.2 } };
  const red = (text: string): string => `<${text}>`;
  assert.deepEqual(comparisonReport(entry, now, red).match(/^<.*>$/gm), [
    comparisonReport(entry, now)
      .match(/^a256gcm, ops.*WORSE$/m)?.[0]
      .replace(/.*/, '<$&>'),
  ]);
});

test('without a run to compare with, the report says how to record one', () => {
  assert.match(comparisonReport(undefined, entry), /--record/);
});
