import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { cp, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { openAuditLog } from '../../links/recorder/open-audit-log.ts';
import type { WatchAct } from '../../links/watch-act.ts';
import { makePlace, ORIGIN, type Place, signCheckpoint } from '../../recorder/recorder.fixture.ts';
import { startRecorder } from '../../recorder/start-recorder.ts';
import { wellInstance } from '../health/health.fixture.ts';
import { parseAlertState } from './alert-state.ts';
import { entry, START } from './alerts.fixture.ts';
import { AlertsPart } from './alerts-part.ts';

/** As the service writes them; the last checkpoint covers all of them. */
async function grow({ folder, socketPath }: Place, operations: readonly string[]): Promise<void> {
  await using _recorder = await startRecorder({
    folder,
    socketPath,
    origin: ORIGIN,
    report: () => undefined,
    segmentLength: 64 * 1024,
    checkpointInterval: 10,
  });
  await using log = await openAuditLog({ socketPath, signCheckpoint });
  for (const operationName of operations)
    await log.append(entry(START, { operationName, resultType: 'Success' }).toString());
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await delay(10);
}

class Watch implements Disposable {
  readonly #place = makePlace();
  readonly folder = this.#place.folder;
  readonly acts: WatchAct[] = [];
  readonly reports: string[] = [];
  now = START;

  constructor() {
    mkdirSync(this.folder);
  }

  open(): Promise<AlertsPart> {
    return AlertsPart.open({
      settings: { outlets: [] },
      profile: 'dev',
      folder: this.folder,
      record: (_, act) => Promise.resolve(void this.acts.push(act)),
      figures: () => Promise.resolve([]),
      report: (what) => void this.reports.push(what),
      now: () => this.now,
    });
  }

  fired(rule: string): number {
    return this.acts.filter(({ what, detail }) => what === 'AlertFired' && detail.rule === rule).length;
  }

  [Symbol.dispose](): void {
    this.#place[Symbol.dispose]();
  }
}

test('a log that is exchanged while nothing is written is noticed, and all that the other holds is judged', async () => {
  using place = makePlace();
  using watch = new Watch();
  const other = join(watch.folder, 'copy');
  await grow(place, ['KeyGet', 'KeyGet']);
  await cp(place.folder, other, { recursive: true });
  await grow(place, ['KeyGet', 'RestoreCreate']);
  await using part = await watch.open();
  const watched = { folder: place.folder, origin: ORIGIN, instance: 'dev', isManagement: false };
  part.update([watched], [], { control: true, managementRecorder: true });
  await until(() => watch.fired('restore-started') === 1);
  // Put back to two entries, and gone on with more than it had.
  await rename(place.folder, join(watch.folder, 'away'));
  await rename(other, place.folder);
  await grow(place, ['RestoreCreate', 'KeyGet', 'KeyGet', 'KeyGet']);
  await until(() => watch.fired('restore-started') === 2);
  assert.ok(watch.fired('log-replaced') >= 1);
  assert.deepEqual(watch.reports, []);
});

for (const kept of ['{', '{"format":"strongroom alerts 1","since":-5}']) {
  test(`what was kept and does not read, such as ${kept}, is put aside, and alerts begin anew`, async () => {
    using watch = new Watch();
    writeFileSync(join(watch.folder, 'alerts.json'), kept);
    await using _part = await watch.open();
    assert.match(watch.reports.join(), /alerts\.json does not read and is now alerts-unread\.json/);
    assert.equal(readFileSync(join(watch.folder, 'alerts-unread.json'), 'utf8'), kept);
    assert.equal(parseAlertState(readFileSync(join(watch.folder, 'alerts.json'), 'utf8')).since, START - 86_400_000);
  });
}

for (const name of ['alert-silences.json', 'alerts-tested.json']) {
  test(`${name} that cannot be read is reported once, and alerts go on`, async () => {
    using watch = new Watch();
    mkdirSync(join(watch.folder, name));
    await using part = await watch.open();
    part.update([], [wellInstance('dev', { recording: false })], { control: true, managementRecorder: true });
    watch.now += 20_000;
    part.update([], [wellInstance('dev', { recording: false })], { control: true, managementRecorder: true });
    await until(() => watch.fired('recorder-down') === 1 || watch.reports.length > 1);
    assert.deepEqual(watch.reports, [`${name} does not read: EISDIR`]);
  });
}

test('what cannot be kept at the start is reported, and alerts open', async () => {
  using watch = new Watch();
  rmdirSync(watch.folder);
  await using _part = await watch.open();
  assert.deepEqual(watch.reports, ['alerts.json is not written: ENOENT']);
});

test('what ends before it is told of again is an alert when it has lasted long enough', async () => {
  using watch = new Watch();
  await using part = await watch.open();
  part.update([], [wellInstance('dev', { recording: false })], { control: true, managementRecorder: true });
  watch.now += 6_000;
  await until(() => watch.fired('recorder-down') === 1);
});
