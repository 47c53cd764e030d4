// Requests per second with three sinks on (a file, syslog over TLS, OTLP) against none: two products in turn, seconds each. The
// watcher is stopped while the product without sinks has its turn, and has so much the more to do in its own: it is never done, and what
// it costs is in every pair. Then how far it falls behind under load that goes on, and how fast it catches up when that has ended.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { places } from '../../src/deployment/data-layout.ts';
import { readRunningState } from '../../src/deployment/running-state.ts';
import { signedSize } from '../../src/features/audit/follow-entries.ts';
import { readStatuses } from '../../src/watcher/sinks/sink-status.ts';
import { startLoadGenerator } from '../load/generator.ts';
import { watchDisturbance } from '../machine/disturbance.ts';
import { environment } from '../machine/environment.ts';
import { processTimes } from '../machine/processes.ts';
import { type Operation, operations } from '../operations.ts';
import { inPairs } from '../pairs.ts';
import { INSTANCE } from '../product/product.ts';
import { type Side, startSide } from '../side.ts';
import type { SinksOptions } from './arguments.ts';
import { rawSpeed } from './raw.ts';
import type { ReceiversSaid } from './receivers.ts';
import type { SinksResults, SinksRow } from './results.ts';

/** So long that what sinks have to do at once where they go on, as nowhere else, is a part of it. */
const TURN_S = 3;
const CATCH_UP_MS = 120_000;
const LOOK_MS = 200;
const LINE_BREAK = 0x0a;

export async function runSinksBench(
  { names, pairs, seconds }: SinksOptions,
  progress: (text: string) => void,
): Promise<SinksResults> {
  const folder = mkdtempSync(join(tmpdir(), 'strongroom-bench-sinks-'));
  try {
    await using receivers = await startReceivers();
    const sinks = join(folder, 'sinks.json');
    const file = join(folder, 'audit.jsonl');
    writeFileSync(sinks, JSON.stringify(configOf(folder, file, await receivers.said())));
    await using generator = startLoadGenerator();
    progress('starts a product without sinks, and one with three');
    await using none = await startSide(generator, join(folder, 'none'));
    await using three = await startSide(generator, join(folder, 'three'), ['--config', sinks]);
    const watched = watch(three, file, receivers);
    const rows: SinksRow[] = [];
    for (const operation of operations.filter(({ name }) => names.includes(name))) {
      progress(`${operation.title}: ${pairs} pairs`);
      const disturbance = watchDisturbance();
      const requests = await inPairs(
        pairs,
        () => watched.stopped(() => none.load(operation, TURN_S)),
        () => three.load(operation, TURN_S),
      );
      const during = disturbance.end();
      await watched.caughtUp();
      progress(`${operation.title}: ${seconds} seconds of full load, and what is left of them`);
      rows.push({
        title: operation.title,
        requests,
        disturbance: during,
        loadSeconds: seconds,
        ...(await behindAndAgain(three, operation, seconds, watched)),
        raw: await rawSpeed(watched.log, join(folder, `raw-${operation.name}`), await receivers.said()),
        faults: await watched.faults(),
      });
    }
    return { environment: environment(), rows };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function behindAndAgain(side: Side, operation: Operation, seconds: number, watched: Watched) {
  const [times, size] = [watched.micros(), signedSize(watched.log)];
  const perSecond = await side.load(operation, seconds);
  const behind = watched.behind();
  const begun = performance.now();
  // The newest entries are given on when others follow them or two seconds have gone: that is no matter of speed.
  const most = await watched.until(({ entries }) => entries <= behind.entries / 20);
  const fast = performance.now();
  await watched.caughtUp();
  const [after, entries] = [watched.micros(), signedSize(watched.log) - size];
  return {
    perSecond,
    behind,
    caughtUpMs: performance.now() - begun,
    speed: ((behind.entries - most.entries) * 1000) / (fast - begun),
    watcherMicros: (after.watcher - times.watcher) / entries,
    receiversMicros: (after.receivers - times.receivers) / entries,
  };
}

interface Behind {
  readonly entries: number;
  readonly seconds: number;
}

type Watched = ReturnType<typeof watch>;

function watch(side: Side, file: string, receivers: Receivers) {
  const at = places(side.data);
  const log = at.instance(INSTANCE).audit;
  const watcher = readRunningState(side.data)?.pids.watcher;
  if (typeof watcher !== 'number') throw new Error('there is no watcher');
  const behind = (): Behind => {
    const all = readStatuses(at, Date.now()).filter((each) => each.log === INSTANCE);
    if (all.length !== 3) throw new Error(`${all.length} of three sinks have a position`);
    return all.map((each) => each.behind).reduce((most, each) => (each.entries > most.entries ? each : most));
  };
  const until = async (holds: (behind: Behind) => boolean): Promise<Behind> => {
    for (const end = performance.now() + CATCH_UP_MS; ; await sleep(LOOK_MS)) {
      const seen = behind();
      if (holds(seen)) return seen;
      if (performance.now() > end) throw new Error(`the sinks do not catch up: ${seen.entries} entries are left`);
    }
  };
  return {
    log,
    behind,
    until,
    caughtUp: () => until(({ entries }) => entries === 0),
    micros: () => ({ watcher: micros(watcher), receivers: micros(receivers.pid) }),
    async stopped<T>(act: () => Promise<T>): Promise<T> {
      process.kill(watcher, 'SIGSTOP');
      try {
        return await act();
      } finally {
        process.kill(watcher, 'SIGCONT');
      }
    },
    async faults(): Promise<readonly string[]> {
      const entries = signedSize(log);
      const lines = await countLines(file);
      const { otlp, syslog } = await receivers.said();
      return [
        ...(lines < entries ? [`the file has ${lines} lines of ${entries} entries`] : []),
        ...(otlp.bytes === 0 || syslog.bytes === 0 ? ['a receiver has got nothing'] : []),
      ];
    },
  };
}

async function countLines(path: string): Promise<number> {
  let lines = 0;
  for await (const piece of createReadStream(path) as AsyncIterable<Buffer>) {
    for (let at = piece.indexOf(LINE_BREAK); at !== -1; at = piece.indexOf(LINE_BREAK, at + 1)) lines += 1;
  }
  return lines;
}

function configOf(folder: string, file: string, { otlp, syslog, authority }: ReceiversSaid) {
  const caFile = join(folder, 'authority.pem');
  writeFileSync(caFile, authority);
  const all = { logs: [INSTANCE], from: 'beginning' };
  const sinks = [
    { name: 'file', kind: 'file', path: file, ...all },
    { name: 'syslog', kind: 'syslog', host: 'localhost', port: syslog.port, caFile, ...all },
    { name: 'otlp', kind: 'otlp', url: `https://localhost:${otlp.port}/v1/logs`, caFile, ...all },
  ];
  return { sinks };
}

interface Receivers extends AsyncDisposable {
  readonly pid: number;
  said(): Promise<ReceiversSaid>;
}

async function startReceivers(): Promise<Receivers> {
  const child = fork(join(import.meta.dirname, 'receivers.ts'), { detached: true });
  let first: Promise<unknown[]> | undefined = once(child, 'message');
  return {
    pid: child.pid ?? 0,
    async said() {
      const answer = first ?? once(child, 'message');
      if (first === undefined) child.send('say');
      first = undefined;
      const [said] = (await answer) as [ReceiversSaid];
      return said;
    },
    async [Symbol.asyncDispose]() {
      child.disconnect();
      if (child.exitCode === null) await once(child, 'exit');
    },
  };
}

function micros(pid: number): number {
  return processTimes(pid)?.ownMicros ?? Number.NaN;
}
