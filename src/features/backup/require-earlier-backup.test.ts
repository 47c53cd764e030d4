import assert from 'node:assert/strict';
import { test } from 'node:test';
import { requireEarlierBackup } from './require-earlier-backup.ts';

type Asked = Parameters<typeof requireEarlierBackup>[0];

function check(keys: number, ended: number | undefined, forward?: Asked['forward'], isOn = true): void {
  const held = { size: keys, deletedSize: 0 } as unknown as Asked['keys'];
  const jobs = { earliestBackup: ended } as Asked['jobs'];
  requireEarlierBackup({ keys: held, jobs, now: () => 10_000, needsEarlierBackup: () => isOn, forward });
}

test('where the setting is off nothing is asked for', () => check(1, undefined, undefined, false));

test('an HSM with keys and without a backup is told to start one; without keys it needs none', () => {
  assert.throws(() => check(1, undefined), /there is none yet: start one, and restore 30 minutes after it has ended/);
  check(0, undefined);
});

test('half an hour is to the second', () => {
  check(1, 10_000 - 1800);
  assert.throws(() => check(1, 10_000 - 1799), /restore after 1970-01-01T02:46:41\.000Z/);
});

test('where the clock may be moved, the command is told that moves it as far as is needed; elsewhere none', () => {
  const forward = (minutes: number): string => `./strongroom clock advance ${minutes}m`;
  assert.throws(() => check(1, 9_000, forward), /: '\.\/strongroom clock advance 14m'$/);
  assert.throws(() => check(1, undefined, forward), /start one,.*: '\.\/strongroom clock advance 30m'$/);
  assert.throws(
    () => check(1, 9_000),
    (error) => error instanceof Error && !error.message.includes('clock'),
  );
});
