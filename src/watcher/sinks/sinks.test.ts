import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { places } from '../../deployment/data-layout.ts';
import { appendPurged, purgeRecordFile } from '../../deployment/purge-record.ts';
import { recordedLog } from '../../features/audit/index/recorded-log.fixture.ts';
import { findLogs } from '../watched-logs.ts';
import { keepPosition, startAt } from './kept-position.ts';
import { movedClock } from './run-sink.fixture.ts';
import { positionFile } from './sink-status.ts';
import { openSinks } from './sinks.ts';

const folder = mkdtempSync(join(tmpdir(), 'strongroom-sinks-'));
after(() => rmSync(folder, { recursive: true }));

const ID = '6f1f3a52-9d1c-4f0b-8a55-0f6f5f6b9a10';
const STORAGE = '/subscriptions/s/storageaccounts/Archive';

/** Every way to be chosen; `sent` had begun, and `by-name` was there when the instance was purged. */
const SINKS = [
  { name: 'all' },
  { name: 'sent', resourceId: STORAGE },
  { name: 'new', resourceId: STORAGE },
  { name: 'by-name', logs: ['Dev'] },
  { name: 'new-by-name', logs: ['dev'], from: 'beginning' },
  { name: 'sent-by-name', logs: ['other'] },
  { name: 'other', logs: ['other', '@management'] },
] as const;

/** Who gets the rest of a log of three entries that stands in the record as this. */
async function sentOf(recorded: { readonly diagnostics?: readonly string[] } | 'altered'): Promise<readonly string[]> {
  const root = mkdtempSync(join(folder, 'data-'));
  const at = places(root);
  using log = recordedLog();
  await log.record([1, 2, 3].map((n) => ({ time: `2030-01-01T00:00:0${n}.000Z`, operationName: 'KeySign' })));
  mkdirSync(at.purged);
  cpSync(log.folder, join(at.purged, ID), { recursive: true });
  const time = '2026-11-25T08:00:00.000Z';
  const times = { deletedAt: time, rootKeysDestroyedAt: time };
  const more = recorded === 'altered' ? {} : recorded;
  const line = { name: 'dev', instanceId: ID, resourceId: '/r', reason: 'requested', checkpoint: '' } as const;
  appendPurged(at.purged, { ...line, ...times, ...more });
  if (recorded === 'altered') writeFileSync(purgeRecordFile(at.purged), '{}\n');
  const sinks = SINKS.map((sink) => ({ ...sink, kind: 'file', path: join(root, sink.name) }) as const);
  for (const name of ['sent', 'sent-by-name']) await keepPosition(positionFile(at.sinks, name, ID), startAt(0));
  mkdirSync(join(at.sinks, 'by-name'), { recursive: true });
  writeFileSync(join(at.sinks, 'by-name', 'since'), `${time}\n`);
  const clock = movedClock();
  const surroundings = { profile: 'dev', readFile: () => '', report: assert.fail } as const;
  await using opened = await openSinks({ folder: at.sinks, sinks, since: clock.now(), clock, ...surroundings });
  opened.update(findLogs(at, []), [], { control: true, managementRecorder: true });
  const running = opened.status().map(({ sink }) => sink);
  while (opened.status().some(({ next }) => next < 3)) await new Promise((resolve) => setImmediate(resolve));
  for (const { path, name } of sinks) {
    const lines = existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n').length : 0;
    assert.equal(lines, running.includes(name) ? 3 : 0, name);
  }
  return running;
}

test('the rest of a purged log goes to those that were to have it then, whether they had begun or not', async () => {
  assert.deepEqual(await sentOf({ diagnostics: [STORAGE.toLowerCase()] }), ['all', 'sent', 'new', 'by-name']);
});

test('one that a diagnostic setting had ended before the purge gets nothing of it', async () => {
  assert.deepEqual(await sentOf({ diagnostics: [] }), ['all', 'by-name']);
});

test('where nothing says who was to have it, it goes to those that had some of it', async () => {
  assert.deepEqual(await sentOf({}), ['all', 'sent', 'by-name']);
  assert.deepEqual(await sentOf('altered'), ['all', 'sent', 'sent-by-name']);
});
