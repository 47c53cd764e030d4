// Rules over figures: when they come true, once, and again; and over those that sinks, witnesses and the machine's clock really make.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { formatWitnessKey } from '../../formats/cosignature.ts';
import { frontSamples, outletSamples, sinkSamples, witnessSamples } from '../metrics/told-by-parts.ts';
import { entryAt, logOf, movedClock } from '../sinks/run-sink.fixture.ts';
import { SinkRun } from '../sinks/run-sink.ts';
import type { Delivery, LogEntry } from '../sinks/sink.ts';
import { Witnesses } from '../witnesses/witnesses.ts';
import { Bench, HOUR, rule, START } from './alerts.fixture.ts';
import { ClockJump } from './clock-jump.ts';
import { readRules } from './rules.ts';

const MARGIN = 'strongroom_custodian_margin';
const folder = mkdtempSync(join(tmpdir(), 'metric-rules-'));
after(() => rmSync(folder, { recursive: true }));

/** What has come true since it was asked last. */
async function fired(bench: Bench): Promise<readonly string[]> {
  await bench.settle();
  return bench.recorded
    .splice(0)
    .flatMap(({ what, instance, description }) => (what === 'AlertFired' ? [`${instance}: ${description}`] : []));
}

test('a figure is told once it has held for long enough, of each instance, and again when it begins again', async () => {
  const low = rule({ kind: 'metric', operations: undefined, metric: MARGIN, when: 'value < 1.0', for: 3600 });
  const bench = new Bench([low]);
  const measure = (value: number): Promise<readonly string[]> => {
    bench.alerts.measure([
      { name: MARGIN, hsm: 'dev', value },
      { name: MARGIN, hsm: 'other', value: 1 },
      { name: 'strongroom_custodians_reachable', hsm: 'dev', value: 0 },
    ]);
    return fired(bench);
  };
  assert.deepEqual(await measure(0), []);
  bench.now += HOUR;
  assert.deepEqual(await measure(0), [`dev: It happened: ${MARGIN} 0`]);
  bench.start();
  bench.now += HOUR;
  assert.deepEqual(await measure(-1), []);
  assert.deepEqual(await measure(1), []);
  assert.deepEqual(await measure(0), [], 'the hour begins again');
  bench.now += HOUR;
  assert.equal((await measure(0)).length, 1);
});

test('a rule over a figure that there is not, or that compares what cannot be compared, is refused', () => {
  const members = { kind: 'metric', operations: undefined, metric: MARGIN, when: 'value < 1.0' };
  assert.throws(() => rule({ ...members, metric: 'strongroom_margin' }), /it\.metric must be one of/);
  assert.throws(() => rule({ ...members, metric: 'strongroom_requests_total' }), /it\.metric must be one of/);
  assert.throws(() => rule({ ...members, when: 'value == "0"' }), /it\.when: /);
  assert.throws(() => rule({ ...members, when: 'state.value < 1.0' }), /it\.when: Unknown variable: state/);
});

test('a sink that is behind is told, and one that refuses entries whenever there are more of them', async () => {
  const clock = movedClock(START);
  const bench = new Bench(readRules());
  let answer = (_entries: readonly LogEntry[]): Delivery => ({ outcome: 'failed', why: 'cannot be reached' });
  let sent = 0;
  const run = new SinkRun({
    ...{ sink: { name: 'siem' }, path: join(folder, 'siem.json'), begin: () => 0, clock },
    log: logOf([entryAt(0), entryAt(1)]),
    open: () => ({
      send: (entries) => {
        sent += 1;
        return Promise.resolve(answer(entries));
      },
      [Symbol.asyncDispose]: () => Promise.resolve(),
    }),
  });
  const measure = (): Promise<readonly string[]> => {
    bench.alerts.measure(sinkSamples([run.status()]));
    return fired(bench);
  };
  while (sent === 0) await setImmediate();
  assert.deepEqual(await measure(), [], 'it may be away for a moment');
  bench.now += HOUR;
  const told = await measure();
  assert.equal(told.length, 1);
  assert.match(
    told[0] ?? '',
    /^test: A receiver of the log is behind: sink siem, the oldest entry waits for \d+ minutes$/,
  );

  answer = (entries) =>
    entries.some(({ index }) => index === 0) ? { outcome: 'refused', why: 'too long' } : { outcome: 'taken' };
  while (run.status().behind.entries > 0) await setImmediate();
  const refused = await measure();
  assert.deepEqual(refused, ['test: A receiver of the log refuses entries: sink siem, entries refused so far: 1']);
  bench.now += 2 * HOUR;
  assert.deepEqual(await measure(), [], 'these were told');
  bench.alerts.measure(sinkSamples([{ ...run.status(), refused: 3 }]));
  assert.equal((await fired(bench)).length, 1);
  await run[Symbol.asyncDispose]();
});

test('a receiver of alerts that takes nothing for a quarter of an hour is told, and again where it soon fails for good', async () => {
  const bench = new Bench(readRules());
  const measure = (seconds: number): Promise<readonly string[]> => {
    const failing = seconds === 0 ? {} : { failing: { seconds } };
    bench.alerts.measure(outletSamples([{ outlet: 'mail', waiting: 1, ...failing }]));
    return fired(bench);
  };
  assert.deepEqual(await measure(900), []);
  assert.deepEqual(await measure(961), [
    ': A receiver of alerts takes nothing: outlet mail, nothing was taken for 16 minutes',
  ]);
  assert.deepEqual(await measure(1_021), []);
  assert.deepEqual(await measure(0), []);
  // It has failed since a minute after that; the same is told once an hour.
  const again: number[] = [];
  for (let minute = 1; minute <= 180; minute++) {
    bench.now += 60_000;
    if ((await measure(60 * minute)).length > 0) again.push(minute);
  }
  assert.deepEqual(again, [60]);
  const mores = bench.sent.flatMap(({ event }) => alertsOf(event)).map(({ More }) => More);
  assert.deepEqual(mores, [0, 0], 'what is told later is no more of the same');
  // Over within the hour: it was one.
  for (const seconds of [0, 961, 0]) await measure(seconds);
  bench.now += 60_000;
  for (const seconds of [961, 0]) await measure(seconds);
  bench.now += 2 * HOUR;
  await measure(961);
  assert.deepEqual(
    alertsOf(bench.sent.at(-1)?.event ?? '').map(({ More }) => More),
    [1],
  );
});

function alertsOf(event: string): readonly { readonly More: number }[] {
  return (JSON.parse(event) as { data: { Alerts: readonly { readonly More: number }[] } }).data.Alerts;
}

test('a log that no witness has signed yet is told, by its instance or as that of the management plane', async () => {
  const stopped = Promise.withResolvers<void>();
  await using witnesses = new Witnesses({
    watch: folder,
    witnesses: [
      { name: 'w.example', url: 'http://127.0.0.1:9/', key: formatWitnessKey('w.example', Buffer.alloc(32, 7)) },
    ],
    clock: { now: () => START, pause: () => stopped.promise },
    cosigned: () => undefined,
  });
  const log = { folder: join(folder, 'none'), isManagement: false };
  witnesses.update([
    { ...log, origin: 'strongroom/a', instance: 'dev' },
    { ...log, origin: 'strongroom/b', isManagement: true },
  ]);
  const bench = new Bench(readRules());
  for (let n = 0; n < 2; n++) {
    bench.alerts.measure(witnessSamples(witnesses.status()));
    bench.now += HOUR;
  }
  const text = 'No witness has signed the log for a day: none has ever signed';
  assert.deepEqual(await fired(bench), [`dev: ${text}`, `: ${text}`]);
  stopped.resolve();
});

test("the front's certificate is told two weeks before its end", async () => {
  const bench = new Bench(readRules());
  const measure = (): Promise<readonly string[]> => {
    bench.alerts.measure(frontSamples(new Date(START + 15 * 24 * HOUR).toISOString()));
    return fired(bench);
  };
  assert.deepEqual(await measure(), []);
  bench.now += 24 * HOUR + 1000;
  await measure();
  bench.now += HOUR;
  assert.match((await measure())[0] ?? '', /^: A certificate is about to end: it ends at 2026-12-13T00:00:00\.000Z$/);
});

test("a jump of the machine's clock is told at each jump, back too, and not what is slow", async () => {
  const bench = new Bench(readRules());
  let steady = 0;
  const clock = new ClockJump(
    () => bench.now,
    () => steady,
  );
  const look = (seconds: number, jump = 0): Promise<readonly string[]> => {
    steady += seconds * 1000;
    bench.now += (seconds + jump) * 1000;
    bench.alerts.observe('', { control: true, managementRecorder: true, clockJumpSeconds: clock.look() });
    return fired(bench);
  };
  assert.deepEqual(await look(10), []);
  assert.deepEqual(await look(3600, 2), [], 'a time server moves it by little');
  assert.deepEqual(await look(10, 3600), [": The machine's clock jumped: forward by 3600 seconds"]);
  assert.deepEqual(await look(10), []);
  assert.deepEqual(await look(2 * 3600), []);
  // Before alerts were turned on.
  assert.deepEqual(await look(10, -7 * 86_400), [": The machine's clock jumped: back by 604800 seconds"]);
});
