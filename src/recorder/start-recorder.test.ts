import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { openEntries } from '../features/audit/read-entries.ts';
import { FrameReader } from '../formats/frames.ts';
import { decodeSegmentHeader, encodeSegmentHeader } from '../formats/journal-format.ts';
import { AuditError, type AuditLog } from '../links/recorder/audit-log.ts';
import * as messages from '../links/recorder/messages.ts';
import { openAuditLog } from '../links/recorder/open-audit-log.ts';
import { verifyLog } from '../tools/audit/verify/verify-log.ts';
import { type Disk, realDisk } from './disk.ts';
import { entryText, makePlace, numberOf, ORIGIN, type Place, signCheckpoint } from './recorder.fixture.ts';
import { type Recorder, type RecorderOptions, startRecorder } from './start-recorder.ts';

const refuse = (): Promise<string> => Promise.reject(new Error('this worker does not sign'));

async function start(place: Place, options: Partial<RecorderOptions> = {}): Promise<Recorder & { reports: string[] }> {
  const reports: string[] = [];
  const report = (sentence: string): void => {
    reports.push(sentence);
  };
  const { folder, socketPath } = place;
  const given = {
    folder,
    socketPath,
    origin: ORIGIN,
    report,
    segmentLength: 64 * 1024,
    checkpointInterval: 20,
    ...options,
  };
  return Object.assign(await startRecorder(given), { reports });
}

/** Stores so many entries and stops, with or without a checkpoint. */
async function store(place: Place, count: number, sign: typeof signCheckpoint | typeof refuse): Promise<void> {
  await using _recorder = await start(place, { checkpointInterval: 100_000 });
  await using log = await openAuditLog({ socketPath: place.socketPath, signCheckpoint: sign });
  for (let i = 0; i < count; i++) await log.append(entryText('w', i), i === 3 ? 77 : 0);
}

function numbersIn(place: Place): number[] {
  return [...openEntries(place.folder).from(0)].map(({ text }) => numberOf(text).number);
}
function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}
function lastSegment({ folder }: Place): string {
  const names = readdirSync(join(folder, 'journal')).filter((name) => name !== 'spare');
  return join(folder, 'journal', names.sort().at(-1) as string);
}
function edit(path: string, change: (bytes: Buffer) => Buffer | undefined): void {
  const bytes = readFileSync(path);
  writeFileSync(path, change(bytes) ?? bytes);
}

test('segments are dropped once published, and the log goes on over restarts as one tree', async () => {
  using place = makePlace();
  for (let round = 0; round < 4; round++) {
    await using _recorder = await start(place);
    await using log = await openAuditLog({ socketPath: place.socketPath, signCheckpoint });
    await Promise.all(Array.from({ length: 700 }, (_, i) => log.append(entryText('w', round * 700 + i, 60))));
  }
  assert.deepEqual(numbersIn(place), upTo(2800));
  assert.ok(readdirSync(join(place.folder, 'journal')).length < 8);
  assert.deepEqual(verifyLog({ folder: place.folder }).damage, []);
});

test('the newest store head is known after a restart, also when its entry has left the journal', async () => {
  using place = makePlace();
  await store(place, 20, signCheckpoint);
  await using _recorder = await start(place);
  await using log = await openAuditLog({ socketPath: place.socketPath, signCheckpoint });
  const newest = async (): Promise<number> => (await log.newestHead()).sequence;
  assert.equal(await newest(), 77);
  await Promise.all(Array.from({ length: 2000 }, (_, i) => log.append(entryText('x', i, 60))));
  assert.equal(await newest(), 77);
  await log.append(entryText('x', 2001), 90);
  assert.equal(await newest(), 90);
});

const [HASH, OTHER] = [1, 2].map((byte) => Buffer.alloc(32, byte).toString('base64url')) as [string, string];

test('entries that name the newest head are counted, also after restarts and when they have left the journal', async () => {
  using place = makePlace();
  const named = (sequence: number, hash: string, more = {}): readonly [string, number] => [
    JSON.stringify({ ...(JSON.parse(entryText('w', 1, 500)) as object), storeHead: { sequence, hash, ...more } }),
    sequence,
  ];
  const steps: readonly (readonly [readonly [string, number], number])[] = [
    [named(7, HASH), 1],
    [named(7, HASH, { entries: 9 }), 2],
    // Of another commit, and of an earlier one.
    [named(7, OTHER), 2],
    [named(6, HASH), 2],
    [named(7, HASH, { unrecorded: 3 }), 5],
    [named(7, HASH), 6],
  ];
  for (const [step, entries] of steps) {
    await using _recorder = await start(place, { segmentLength: 16 * 1024 });
    await using log = await openAuditLog({ socketPath: place.socketPath, signCheckpoint });
    await log.append(...step);
    assert.deepEqual(await log.newestHead(), { sequence: 7, hash: HASH, entries });
    await Promise.all(Array.from({ length: 100 }, (_, i) => log.append(entryText('x', i, 400))));
    assert.deepEqual(await log.newestHead(), { sequence: 7, hash: HASH, entries });
  }
  assert.deepEqual(verifyLog({ folder: place.folder }).damage, []);
  await using _recorder = await start(place);
  await using log = await openAuditLog({ socketPath: place.socketPath, signCheckpoint });
  await log.append(...named(8, OTHER));
  assert.deepEqual(await log.newestHead(), { sequence: 8, hash: OTHER, entries: 1 });
});

test('who asks for a head is told once all its entries are there, or after a while how many are not', async () => {
  using place = makePlace();
  await using _recorder = await start(place, { checkpointInterval: 50 });
  await using log = await openAuditLog({ socketPath: place.socketPath, signCheckpoint });
  const head = { sequence: 4, hash: HASH, entries: 3 };
  const write = () => log.append(JSON.stringify({ storeHead: head }), 4);
  assert.equal(await log.lacking(head, 0), 3);
  await write();
  assert.equal(await log.lacking(head, 120), 2);
  let isTold = false;
  const asked = log.lacking(head, 60_000).then((lacking) => {
    isTold = true;
    return lacking;
  });
  await write();
  assert.equal(isTold, false);
  await write();
  assert.equal(await asked, 0);
  assert.equal(await log.lacking({ ...head, sequence: 3 }, 0), 0);
  assert.equal(await log.lacking({ ...head, hash: OTHER }, 60_000), undefined);
});

test('a journal of before hashes were kept goes on: its newest head is taken for one that has its entry', async () => {
  using place = makePlace();
  const newestHead = { sequence: 5, hash: '', entries: 1 };
  {
    await using _recorder = await start(place, { segmentLength: 16 * 1024 });
  }
  const path = lastSegment(place);
  const bytes = readFileSync(path);
  const { header } = decodeSegmentHeader(bytes) ?? assert.fail('it has a header');
  encodeSegmentHeader({ ...header, newestHead }).copy(bytes);
  assert.equal(bytes.toString('latin1', 0, 16), 'strongroom-jrnl1');
  writeFileSync(path, bytes);
  await using _recorder = await start(place);
  await using log = await openAuditLog({ socketPath: place.socketPath, signCheckpoint });
  assert.deepEqual(await log.newestHead(), newestHead);
  assert.equal(await log.lacking({ sequence: 5, hash: HASH, entries: 1 }, 0), 0);
  await log.append(JSON.stringify({ storeHead: { sequence: 6, hash: HASH } }), 6);
  assert.deepEqual(await log.newestHead(), { sequence: 6, hash: HASH, entries: 1 });
});

test('a worker of a version before is served, and knows nothing of entries that are counted', async () => {
  using place = makePlace();
  await using _recorder = await start(place);
  await using log = await openAuditLog({ socketPath: place.socketPath, signCheckpoint });
  await log.append(JSON.stringify({ storeHead: { sequence: 4, hash: HASH } }), 4);
  const socket = connect(place.socketPath);
  const frames = new FrameReader(messages.MAX_RECORDER_FRAME);
  const answers: [number, Buffer][] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  socket.on('data', (chunk: Buffer) => {
    for (const { kind, payload } of frames.push(chunk)) answers.push([kind, Buffer.from(payload)]);
    if (answers.length === 2) resolve();
  });
  socket.write(messages.hello.frame({ version: 1, nonce: Buffer.alloc(messages.NONCE_LENGTH, 7) }));
  socket.write(messages.askStatus.frame({}, 1));
  await promise;
  socket.destroy();
  assert.deepEqual(messages.welcome.decode(answers[0]?.[1] ?? Buffer.alloc(0)), { version: 1 });
  assert.equal(messages.status.decode(answers[1]?.[1] ?? Buffer.alloc(0)).newestHead, 4);
});

test('a record that a crash tore is removed and reported; what was acknowledged stays', async () => {
  for (const tear of ['end', 'middle', 'all'] as const) {
    using place = makePlace();
    {
      await using _recorder = await start(place, { checkpointInterval: 100_000 });
      await using log = await openAuditLog({ socketPath: place.socketPath, signCheckpoint: refuse });
      for (let i = 0; i < 4; i++) await log.append(entryText('w', i));
      await Promise.all([4, 5].map((i) => log.append(entryText('w', i, 3000))));
    }
    edit(lastSegment(place), (bytes) => {
      const start = Math.ceil(bytes.lastIndexOf('"w:4"') / 512) * 512;
      if (tear === 'all') return bytes.fill(0, start - 512, start + 512);
      return bytes.fill(0, start + 512, tear === 'end' ? undefined : start + 1024);
    });
    await using recorder = await start(place);
    assert.match(recorder.reports[0] ?? '', /what a crash left of entry 4 at offset \d+ was removed/);
    await using log = await openAuditLog({ socketPath: place.socketPath, signCheckpoint });
    await log.append(entryText('w', 9));
    assert.deepEqual(numbersIn(place), [0, 1, 2, 3, 9]);
  }
});

test('the same torn record is refused when a checkpoint proves that it was whole', async () => {
  using place = makePlace();
  await store(place, 5, signCheckpoint);
  edit(lastSegment(place), (bytes) => bytes.fill(0, Math.ceil(bytes.indexOf('"w:') / 512) * 512));
  await assert.rejects(start(place), { name: 'LogDamaged', message: /entry \d at offset \d+ is damaged/ });
});

test('any changed byte of a record is refused at start, never read as another entry', async () => {
  using place = makePlace();
  await store(place, 3, refuse);
  const path = lastSegment(place);
  const whole = readFileSync(path);
  const end = whole.lastIndexOf('}') + 1;
  for (let i = 0; i < end; i += i < 4096 ? 61 : 3) {
    edit(path, () => {
      const bytes = Buffer.from(whole);
      bytes[i] = (bytes[i] as number) ^ 0x40;
      return bytes;
    });
    await assert.rejects(start(place), { name: 'LogDamaged' }, `byte ${i}`);
  }
  writeFileSync(path, whole);
  await using _recorder = await start(place);
  assert.deepEqual(numbersIn(place), upTo(3));
});

test('a log without its journal, with a changed checkpoint, or under another name, is not continued', async () => {
  using place = makePlace();
  await store(place, 300, signCheckpoint);
  await assert.rejects(start(place, { origin: 'strongroom/other' }), { name: 'LogDamaged' });
  edit(join(place.folder, 'checkpoint'), (bytes) => Buffer.from(bytes.toString().replace('\n300\n', '\n299\n')));
  await assert.rejects(start(place), { name: 'LogDamaged', message: /have the root/ });
  edit(join(place.folder, 'checkpoint'), (bytes) => Buffer.from(bytes.toString().replace('\n299\n', '\n301\n')));
  await assert.rejects(start(place), { name: 'LogDamaged', message: /missing at offset/ });
  rmSync(join(place.folder, 'journal'), { recursive: true });
  await assert.rejects(start(place), { name: 'LogDamaged', message: /holds no segment/ });
});

test('a full disk fails appends while it is full, kills nobody, and what was acknowledged is all there after', async () => {
  using place = makePlace();
  let full = false;
  const noSpace = (): NodeJS.ErrnoException =>
    Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
  const disk: Disk = {
    ...realDisk,
    writeDurably(fd, bytes, position) {
      if (!full) return realDisk.writeDurably(fd, bytes, position);
      // Half of it gets there, as on a real disk.
      realDisk.writeDurably(fd, bytes.subarray(0, bytes.length / 2), position);
      throw noSpace();
    },
    write(fd, bytes, position) {
      if (full) throw noSpace();
      realDisk.write(fd, bytes, position);
    },
    async writeLater(fd, bytes, position) {
      if (full) throw noSpace();
      await realDisk.writeLater(fd, bytes, position);
    },
  };
  const kept: number[] = [];
  let failures = 0;
  {
    await using _recorder = await start(place, { disk });
    await using log = await openAuditLog({ socketPath: place.socketPath, signCheckpoint });
    for (let i = 0; i < 900; i += 30) {
      full = i % 120 === 90;
      const burst = Array.from({ length: 30 }, (_, j) => i + j);
      const results = await Promise.allSettled(burst.map((number) => log.append(entryText('w', number, 50))));
      for (const [j, result] of results.entries()) {
        if (result.status === 'fulfilled') kept.push(i + j);
        else {
          failures += 1;
          assert.ok(result.reason instanceof AuditError);
          assert.match(result.reason.message, /ENOSPC/);
        }
      }
    }
    full = false;
    await log.append(entryText('w', 900));
    kept.push(900);
  }
  assert.ok(failures >= 200, `${failures} failed`);
  assert.deepEqual(numbersIn(place), kept);
  assert.deepEqual(verifyLog({ folder: place.folder }).damage, []);
});

test('a checkpoint that was changed on disk while the recorder runs stops it from signing another', async () => {
  using place = makePlace();
  await using recorder = await start(place);
  await using log = await openAuditLog({ socketPath: place.socketPath, signCheckpoint });
  await log.append(entryText('w', 0));
  while (!readdirSync(place.folder).includes('checkpoint')) await new Promise((resolve) => setTimeout(resolve, 2));
  const forged = readFileSync(join(place.folder, 'checkpoint'), 'utf8').replace('\n1\n', '\n9\n');
  writeFileSync(join(place.folder, 'checkpoint'), forged);
  await log.append(entryText('w', 1));
  while (recorder.reports.length === 0) await new Promise((resolve) => setTimeout(resolve, 2));
  assert.match(recorder.reports[0] ?? '', /changed by somebody else/);
  assert.equal(readFileSync(join(place.folder, 'checkpoint'), 'utf8'), forged);
});

test('a checkpoint that is in place, although the disk then failed, is our own: the next one follows it', async () => {
  using place = makePlace();
  let fails = true;
  let isPlaced = false;
  const disk: Disk = {
    ...realDisk,
    rename(from, to) {
      realDisk.rename(from, to);
      isPlaced = to === join(place.folder, 'checkpoint');
    },
    async sync(fd) {
      if (fails && isPlaced) {
        fails = false;
        throw Object.assign(new Error('EIO: i/o error'), { code: 'EIO' });
      }
      await realDisk.sync(fd);
    },
  };
  {
    await using recorder = await start(place, { disk });
    await using log = await openAuditLog({ socketPath: place.socketPath, signCheckpoint });
    await log.append(entryText('w', 0));
    while (recorder.reports.length === 0) await new Promise((resolve) => setTimeout(resolve, 2));
    assert.deepEqual(recorder.reports, ['no new checkpoint: EIO: i/o error']);
    await log.append(entryText('w', 1));
    while (!readFileSync(join(place.folder, 'checkpoint'), 'utf8').includes('\n2\n')) {
      assert.equal(recorder.reports.length, 1, recorder.reports.join());
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }
  assert.deepEqual(verifyLog({ folder: place.folder }).damage, []);
});

test('a worker cannot pass off another checkpoint than it was asked to have signed', async () => {
  using place = makePlace();
  await using recorder = await start(place);
  await using log = await openAuditLog({
    socketPath: place.socketPath,
    signCheckpoint: (size, root) => signCheckpoint(size + 1, root),
  });
  await log.append(entryText('w', 0));
  while (recorder.reports.length === 0) await new Promise((resolve) => setTimeout(resolve, 2));
  assert.match(recorder.reports[0] ?? '', /not asked for/);
  assert.ok(!readdirSync(place.folder).includes('checkpoint'));
});

test('entries that are empty or too long, and those after closing, are refused without harm', async () => {
  using place = makePlace();
  await using _recorder = await start(place, { segmentLength: 512 * 1024 });
  const log = await openAuditLog({ socketPath: place.socketPath, signCheckpoint });
  await assert.rejects(log.append(''), AuditError);
  await assert.rejects(log.append('é'.repeat(33_000)), AuditError);
  await log.append(JSON.stringify('é'.repeat(32_766)));
  await log[Symbol.asyncDispose]();
  await assert.rejects(log.append('{}'), AuditError);
});

test('without a recorder an open log fails its appends in bounded time', async () => {
  using place = makePlace();
  const recorder = await start(place);
  await using log = await openAuditLog({ socketPath: place.socketPath, signCheckpoint, appendTimeout: 60 });
  await recorder[Symbol.asyncDispose]();
  await assert.rejects(log.append(entryText('w', 0)), { name: 'AuditError', message: /in time/ });
  await assert.rejects(openAuditLog({ socketPath: place.socketPath, signCheckpoint, connectTimeout: 30 }), AuditError);
});

test('a recorder ends only when the checkpoint that a worker asked for and did not wait for is in place', async () => {
  using place = makePlace();
  const events: string[] = [];
  const gate = Promise.withResolvers<void>();
  let written: number | undefined;
  const disk: Disk = {
    ...realDisk,
    open(path, flags) {
      const fd = realDisk.open(path, flags);
      if (path === join(place.folder, '.checkpoint.tmp')) written = fd;
      return fd;
    },
    async sync(fd) {
      if (fd === written) await gate.promise;
      await realDisk.sync(fd);
    },
    rename(from, to) {
      realDisk.rename(from, to);
      if (to === join(place.folder, 'checkpoint')) events.push('checkpoint in place');
    },
  };
  const recorder = await start(place, { checkpointInterval: 100_000, disk });
  const log = await openAuditLog({ socketPath: place.socketPath, signCheckpoint });
  await log.append(entryText('w', 0));
  await log[Symbol.asyncDispose]();
  // The recorder has seen it go.
  for (let turn = 0; turn < 100; turn++) await setImmediate();
  const ended = recorder[Symbol.asyncDispose]().then(() => events.push('recorder ended'));
  // Closing the files takes a few turns: one that does not wait has ended by then.
  for (let turn = 0; turn < 50_000 && events.length === 0; turn++) await setImmediate();
  gate.resolve();
  await ended;
  assert.deepEqual(events, ['checkpoint in place', 'recorder ended']);
});

const sha = (byte: number): string => Buffer.alloc(32, byte).toString('base64url');
function naming(log: AuditLog, sequence: number, hash: string, more: object = {}): Promise<void> {
  return log.append(JSON.stringify({ storeHead: { sequence, hash, ...more } }), sequence);
}

test('a header that names another head than entries do is believed by nobody', async () => {
  using place = makePlace();
  {
    await using _recorder = await start(place);
    await using log = await openAuditLog({ socketPath: place.socketPath, signCheckpoint });
    for (let n = 0; n < 2; n++) await naming(log, 5, sha(1));
  }
  const path = join(place.folder, 'journal', '0'.repeat(16));
  const bytes = readFileSync(path);
  const { header } = decodeSegmentHeader(bytes) ?? assert.fail();
  encodeSegmentHeader({ ...header, newestHead: { sequence: 5, hash: sha(2), entries: 2 } }).copy(bytes);
  writeFileSync(path, bytes);
  assert.match(verifyLog({ folder: place.folder }).damage[0]?.what ?? '', /the header names store head 5/);
  await using _recorder = await start(place);
  await using log = await openAuditLog({ socketPath: place.socketPath, signCheckpoint });
  assert.deepEqual(await log.newestHead(), { sequence: 5, hash: sha(1), entries: 2 });
});

test('what a worker says of missing entries is no number of them unless it can be one', async () => {
  using place = makePlace();
  await using _recorder = await start(place);
  await using log = await openAuditLog({ socketPath: place.socketPath, signCheckpoint });
  const asked = log.lacking({ sequence: 9, hash: sha(1), entries: 4 }, 500);
  for (const unrecorded of [2 ** 40, -7, 0]) await naming(log, 9, sha(1), { unrecorded });
  assert.equal(await asked, 1);
  await naming(log, 9, sha(1), { unrecorded: 0xffff_ffff });
  assert.deepEqual(await log.newestHead(), { sequence: 9, hash: sha(1), entries: 0xffff_ffff });
});

test('of the questions of one connection one waits, and none behind a worker that does not sign', async () => {
  using place = makePlace();
  const stuck = Promise.withResolvers<string>();
  const isAsked = Promise.withResolvers<void>();
  await using _recorder = await start(place);
  await using log = await openAuditLog({
    socketPath: place.socketPath,
    signCheckpoint: () => {
      isAsked.resolve();
      return stuck.promise;
    },
  });
  await log.append(entryText('w', 0));
  await isAsked.promise;
  const socket = connect(place.socketPath);
  const told: number[] = [];
  const frames = new FrameReader(messages.MAX_RECORDER_FRAME);
  socket.on('data', (chunk: Buffer) => {
    for (const { id, kind } of frames.push(chunk)) if (kind === messages.newestHead.kind) told.push(id);
  });
  socket.write(messages.hello.frame({ version: 2, nonce: Buffer.alloc(8, 7) }));
  const ask = { sequence: 9, hash: sha(1), entries: 1 };
  socket.write(Buffer.concat([1, 2, 3].map((id) => messages.askHead.frame(ask, id))));
  const until = performance.now() + 4_000;
  while (told.length < 3 && performance.now() < until) await setImmediate();
  assert.deepEqual(told, [1, 2, 3]);
  socket.destroy();
  stuck.reject(new Error('it is over'));
});
