// The watcher's side against a witness that runs, and against ones that lie.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { cosignedFile, cosignedTime, printCosigned, readCosigned } from '../../src/deployment/cosigned-checkpoints.ts';
import { places } from '../../src/deployment/data-layout.ts';
import type { WitnessConfig } from '../../src/deployment/witnesses.ts';
import { parseCheckpoint } from '../../src/formats/tlog-checkpoint.ts';
import { openAuditLog } from '../../src/links/recorder/open-audit-log.ts';
import { makePlace, ORIGIN, signCheckpoint, VKEY } from '../../src/recorder/recorder.fixture.ts';
import { startRecorder } from '../../src/recorder/start-recorder.ts';
import { AcceptedLogs } from '../../src/tools/witness/accepted-logs.ts';
import { makeIdentity } from '../../src/tools/witness/identity.ts';
import { serveWitness } from '../../src/tools/witness/serve.ts';
import { findLogs } from '../../src/watcher/watched-logs.ts';
import { type LogWitnessed, Witnesses } from '../../src/watcher/witnesses/witnesses.ts';

/** A clock that stands still until a test lets the pause end. */
class Steps {
  time = 1_790_000_000_000;
  #waiting: { readonly ms: number; readonly resolve: () => void }[] = [];
  readonly pauses: number[] = [];
  #reached: (() => void) | undefined;

  now = (): number => this.time;
  pause = (ms: number, stopping: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      this.pauses.push(ms);
      stopping.addEventListener('abort', () => {
        this.#waiting = this.#waiting.filter((each) => each.resolve !== resolve);
        resolve();
      });
      this.#waiting.push({ ms, resolve });
      this.#reached?.();
    });
  /** Resolves when everybody pauses. */
  async paused(count = 1): Promise<void> {
    while (this.#waiting.length < count) await new Promise<void>((resolve) => (this.#reached = resolve));
  }
  async next(count = 1): Promise<void> {
    await this.paused(count);
    const waiting = this.#waiting;
    this.#waiting = [];
    this.time += Math.max(...waiting.map(({ ms }) => ms));
    for (const { resolve } of waiting) resolve();
    await this.paused(count);
  }
}

async function record(place: ReturnType<typeof makePlace>, count: number, operationName = 'KeySign'): Promise<void> {
  const { folder, socketPath } = place;
  await using _recorder = await startRecorder({ folder, socketPath, origin: ORIGIN, report: assert.fail });
  await using log = await openAuditLog({ socketPath, signCheckpoint });
  const time = new Date(1.79e12).toISOString();
  await Promise.all(Array.from({ length: count }, () => log.append(JSON.stringify({ time, operationName }))));
}

function openPlaces() {
  const root = mkdtempSync(join(tmpdir(), 'witnesses-'));
  return {
    watch: join(root, 'watch'),
    home: join(root, 'witness'),
    [Symbol.dispose]: () => rmSync(root, { recursive: true }),
  };
}

async function startWitness(home: string, clock: Steps) {
  const identity = makeIdentity(home, 'witness.example.org');
  new AcceptedLogs(home, identity).add(ORIGIN, VKEY, new Date());
  const options = { folder: home, host: '127.0.0.1', report: () => undefined, now: clock.now };
  const serving = await serveWitness({ ...options, port: 0 });
  const config: WitnessConfig = { name: 'other-team', url: `http://127.0.0.1:${serving.port}`, key: identity.vkey };
  return { config, serving, again: () => serveWitness({ ...options, port: serving.port }) };
}

const only = (witnesses: Witnesses): LogWitnessed => {
  const [log] = witnesses.status();
  assert.ok(log !== undefined);
  return log;
};

test('checkpoints are cosigned as the log grows, kept, and again after a while; an outage is waited out', async () => {
  using place = makePlace();
  using at = openPlaces();
  const clock = new Steps();
  await record(place, 300);
  const { config, serving, again } = await startWitness(at.home, clock);
  const told: string[] = [];
  const log = { origin: ORIGIN, folder: place.folder, instance: 'dev', isManagement: false };
  const open = () =>
    new Witnesses({
      ...{ watch: at.watch, witnesses: [config], clock, withoutWitness: { hours: 2, then: 'red' } as const },
      cosigned: (_log, note) => void told.push(note),
    });
  {
    await using witnesses = open();
    witnesses.update([log]);
    await clock.paused();
    assert.deepEqual(clock.pauses, [60_000]);
    const {
      cosignedAt,
      isOverdue,
      witnesses: [first],
    } = only(witnesses);
    assert.deepEqual([cosignedAt, isOverdue, first?.size, first?.behind], [1_790_000_000, false, 300, 0]);
    const kept = readCosigned(cosignedFile(at.watch, ORIGIN)).checkpoints[config.key] ?? '';
    assert.equal(parseCheckpoint(kept).checkpoint.size, 300);
    assert.equal(cosignedTime(kept, { origin: ORIGIN, keys: [config.key], now: 1_800_000_000 }), 1_790_000_000);
    assert.deepEqual(told, [kept]);

    await clock.next();
    assert.equal(told.length, 1, 'the same checkpoint is not brought again at once');
    for (let minute = 2; minute <= 15; minute++) await clock.next();
    assert.equal(told.length, 2, 'but after a while');
    assert.equal(only(witnesses).cosignedAt, 1_790_000_900);

    await record(place, 400);
    await clock.next();
    assert.equal(only(witnesses).witnesses[0]?.size, 700);

    await serving[Symbol.asyncDispose]();
    await record(place, 50);
    clock.pauses.length = 0;
    for (let attempt = 0; attempt < 9; attempt++) await clock.next();
    assert.deepEqual(
      clock.pauses,
      [5, 10, 20, 40, 80, 160, 300, 300, 300].map((seconds) => seconds * 1000),
    );
    const { lastFailure, behind } = only(witnesses).witnesses[0] ?? {};
    assert.match(lastFailure?.why ?? '', /cannot be reached: ECONNREFUSED/);
    assert.equal(behind, 50);
    assert.ok(!only(witnesses).isOverdue);
    clock.time += 2 * 3_600_000;
    assert.ok(only(witnesses).isOverdue);
    await using _again = await again();
    await clock.next();
    assert.deepEqual([only(witnesses).isOverdue, only(witnesses).witnesses[0]?.size], [false, 750]);
  }
  // Another life knows what is kept, also while the witness is away; and finds its place again where nothing is kept.
  told.length = 0;
  {
    await using witnesses = open();
    witnesses.update([log]);
    assert.equal(told.length, 1);
    assert.equal(only(witnesses).witnesses[0]?.size, 750);
    await clock.paused();
  }
  rmSync(at.watch, { recursive: true });
  await using _third = await again();
  await using witnesses = open();
  witnesses.update([log]);
  await clock.paused(1);
  assert.equal(only(witnesses).witnesses[0]?.size, 750, 'told the size by 409');
});

test('a log that is put back to an older state, or written anew, is contradicted and never cosigned', async () => {
  using place = makePlace();
  using at = openPlaces();
  const clock = new Steps();
  await record(place, 260);
  const older = `${place.folder}-older`;
  cpSync(place.folder, older, { recursive: true });
  await record(place, 20);
  const { config, serving } = await startWitness(at.home, clock);
  await using _serving = serving;
  const judged = async (folder: string) => {
    const steps = new Steps();
    await using witnesses = new Witnesses({
      ...{ watch: at.watch, witnesses: [config], clock: steps },
      cosigned: () => undefined,
    });
    witnesses.update([{ origin: ORIGIN, folder, instance: 'dev', isManagement: false }]);
    await steps.paused();
    return only(witnesses).witnesses[0];
  };
  assert.equal((await judged(place.folder))?.contradicted, false);
  const back = await judged(older);
  assert.equal(back?.contradicted, true);
  assert.match(back?.lastFailure?.why ?? '', /it has cosigned 280 entries, and the log has 260: the log shrank/);
  // Another history by the same key, longer than what was cosigned, and of its very size.
  for (const [size, why] of [
    [300, /no proof that the log goes on from the 280 entries/],
    [280, /it has cosigned 280 other entries: the log was forked/],
  ] as const) {
    using other = makePlace();
    await record(other, size, 'KeyHide');
    const forked = await judged(other.folder);
    assert.equal(forked?.contradicted, true);
    assert.match(forked?.lastFailure?.why ?? '', why);
  }
  assert.equal(new AcceptedLogs(at.home, serving.identity).get(ORIGIN)?.size, 280);
});

test('a witness that lies, redirects or is another one is not believed', async () => {
  using place = makePlace();
  using at = openPlaces();
  await record(place, 10);
  const own = makeIdentity(at.home, 'witness.example.org');
  const wrong = makeIdentity(join(at.home, 'wrong'), 'witness.example.org');
  const { text } = parseCheckpoint(readFileSync(join(place.folder, 'checkpoint'), 'utf8')).note;
  const say =
    (status: number, body = '', headers = {}): RequestListener =>
    (_request, response) => {
      response.writeHead(status, headers).end(body);
    };
  const conflict = { 'content-type': 'text/x.tlog.size' };
  for (const [answer, why] of [
    [say(200, 'yes\n'), /no cosignature of the key that is configured/],
    [say(200, wrong.cosign(text, 1)), /no cosignature of the key that is configured/],
    [say(200, own.cosign(text.replace('10', '11'), 1)), /does not verify/],
    [say(200, 'x'.repeat(100_000)), /cannot be reached: EMSGSIZE/],
    [say(302, '', { location: 'http://127.0.0.1:1/' }), /it answered 302/],
    [say(404), /add it there/],
    [say(403), /another key/],
    [say(500), /it answered 500/],
    [say(409, '0\n', conflict), /409 with the size that it was given/],
    [say(409, '007\n', conflict), /409 without a size/],
    [say(409, '99\n', conflict), /the log shrank/],
  ] as const) {
    await using server = createServer(answer).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const clock = new Steps();
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/w`;
    await using witnesses = new Witnesses({
      ...{ watch: at.watch, clock, witnesses: [{ name: 'liar', url, key: own.vkey }] },
      cosigned: () => assert.fail('nothing was cosigned'),
    });
    witnesses.update([{ origin: ORIGIN, folder: place.folder, instance: 'dev', isManagement: false }]);
    await clock.paused();
    const [status] = only(witnesses).witnesses;
    assert.match(status?.lastFailure?.why ?? '', why);
    assert.equal(status?.size, 0);
    server.closeAllConnections();
  }
});

test('of a witness one line is kept, and what does not read of one takes nothing from the others', async () => {
  using place = makePlace();
  using at = openPlaces();
  await record(place, 10);
  const own = makeIdentity(at.home, 'witness.example.org');
  const { text } = parseCheckpoint(readFileSync(join(place.folder, 'checkpoint'), 'utf8')).note;
  const time = 1_789_999_999;
  await using server = createServer((_request, response) => response.end(own.cosign(text, time).repeat(400)));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const clock = new Steps();
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/w`;
  const told: string[] = [];
  await using witnesses = new Witnesses({
    ...{ watch: at.watch, clock, witnesses: [{ name: 'verbose', url, key: own.vkey }] },
    cosigned: (_log, note) => void told.push(note),
  });
  witnesses.update([{ origin: ORIGIN, folder: place.folder, instance: 'dev', isManagement: false }]);
  await clock.paused();
  assert.equal(told.length, 1);
  assert.equal(parseCheckpoint(told[0] ?? '').note.signatures.length, 2, "the log's and the witness's");
  server.closeAllConnections();

  const path = cosignedFile(at.watch, ORIGIN);
  const failure = { at: new Date(0).toISOString(), why: 'away', contradicted: false };
  const kept = { [own.vkey]: told[0] ?? '', long: 'x'.repeat(70_000), none: 7 };
  const failures = { good: failure, bad: { ...failure, at: 'yesterday' } };
  writeFileSync(path, printCosigned({ checkpoints: kept as Record<string, string>, failures }));
  const found = readCosigned(path);
  assert.deepEqual(Object.keys(found.checkpoints), [own.vkey]);
  assert.deepEqual(Object.keys(found.failures), ['good']);
});

test("the management plane's log, which no witness has ever signed, counts from its first start", async () => {
  using at = openPlaces();
  const where = places(join(at.home, 'data'));
  const { verifierKey } = where.management;
  mkdirSync(join(at.home, 'data/management'), { recursive: true });
  writeFileSync(verifierKey, VKEY);
  const clock = new Steps();
  utimesSync(verifierKey, clock.time / 1000, clock.time / 1000);
  for (const [hours, isOverdue] of [
    [1, false],
    [3, true],
  ] as const) {
    clock.time = 1_790_000_000_000 + hours * 3_600_000;
    const own = makeIdentity(join(at.home, `${hours}`), 'witness.example.org');
    await using witnesses = new Witnesses({
      ...{ watch: at.watch, clock, witnesses: [{ name: 'none', url: 'http://127.0.0.1:1', key: own.vkey }] },
      ...{ withoutWitness: { hours: 2, then: 'red' } as const, cosigned: () => undefined },
    });
    witnesses.update(findLogs(where, []));
    assert.equal(only(witnesses).isOverdue, isOverdue, `after ${hours} hours`);
  }
});
