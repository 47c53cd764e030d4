import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { openEntries } from '../features/audit/read-entries.ts';
import { encodeFrame } from '../formats/frames.ts';
import { parseVkey } from '../formats/signed-note.ts';
import { parseCheckpoint } from '../formats/tlog-checkpoint.ts';
import { APPEND, hello, signed } from '../links/recorder/messages.ts';
import { openAuditLog } from '../links/recorder/open-audit-log.ts';
import { verifyLog } from '../tools/audit/verify/verify-log.ts';
import {
  entryText,
  makePlace,
  numberOf,
  ORIGIN,
  sendGarbage,
  signCheckpoint,
  spawnRecorder,
  VKEY,
} from './recorder.fixture.ts';

test('entries are in the log once they are acknowledged, and a stop leaves a signed checkpoint over all of them', async () => {
  using place = makePlace();
  await using recorder = spawnRecorder(place);
  {
    await using log = await openAuditLog({ socketPath: place.socketPath, signCheckpoint });
    await Promise.all(Array.from({ length: 600 }, (_, i) => log.append(entryText('w', i))));
    await log.append(entryText('w', 600));
    assert.equal([...openEntries(place.folder).from(0)].length, 601);
  }
  await recorder.kill('SIGTERM');
  const { checkpoint } = parseCheckpoint(readFileSync(join(place.folder, 'checkpoint'), 'utf8'));
  assert.deepEqual([checkpoint.origin, checkpoint.size], [ORIGIN, 601]);
  const result = verifyLog({ folder: place.folder, verifier: parseVkey(VKEY) });
  assert.deepEqual(result.damage, []);
  assert.deepEqual([result.size, result.checkpoints[0]?.signature], [601, 'verified']);
  assert.equal(recorder.output(), '');
});

test('after kill -9 at random moments under load every acknowledged entry is there, once, in its worker’s order', async () => {
  using place = makePlace();
  await using processes = new AsyncDisposableStack();
  let recorder = processes.use(spawnRecorder(place));
  const acknowledged = new Map<string, Set<number>>();
  const stop = new AbortController();
  const load = async (worker: string): Promise<void> => {
    await using log = await openAuditLog({ socketPath: place.socketPath, signCheckpoint, appendTimeout: 30_000 });
    const mine = new Set<number>();
    acknowledged.set(worker, mine);
    for (let number = 0; !stop.signal.aborted; ) {
      const burst = Array.from({ length: 40 }, () => number++);
      await Promise.all(
        burst.map((each) => log.append(entryText(worker, each, each % 700)).then(() => mine.add(each))),
      );
    }
  };
  const loads = ['a', 'b'].map(load);
  const total = (): number => [...acknowledged.values()].reduce((sum, { size }) => sum + size, 0);
  for (let round = 0; round < 8; round++) {
    // The moment is what this test leaves to chance: while it starts in some rounds, under load in the others.
    const before = total();
    await setTimeout(Math.random() * 120);
    while (round % 3 !== 0 && total() < before + 400) await setTimeout(1);
    await recorder.kill('SIGKILL');
    recorder = processes.use(spawnRecorder(place));
  }
  while ([...acknowledged.values()].some(({ size }) => size < 400)) await setTimeout(1);
  stop.abort();
  await Promise.all(loads);
  await recorder.kill('SIGTERM');

  const seen = new Map<string, number[]>();
  for (const { text } of openEntries(place.folder).from(0)) {
    const { worker, number } = numberOf(text);
    seen.set(worker, [...(seen.get(worker) ?? []), number]);
  }
  for (const [worker, numbers] of acknowledged) {
    const stored = seen.get(worker) ?? [];
    assert.ok(numbers.size > 100, `worker ${worker} stored ${numbers.size}`);
    assert.deepEqual(
      stored,
      stored.toSorted((a, b) => a - b),
    );
    assert.equal(new Set(stored).size, stored.length, 'nothing is stored twice');
    const there = new Set(stored);
    assert.deepEqual(
      [...numbers].filter((each) => !there.has(each)),
      [],
    );
  }
  const result = verifyLog({ folder: place.folder, verifier: parseVkey(VKEY) });
  assert.deepEqual(result.damage, []);
  assert.ok(result.checkpoints[0]?.holds);
});

test('garbage, forbidden messages and oversize frames cost their sender the connection and nobody else', async () => {
  using place = makePlace();
  await using recorder = spawnRecorder(place);
  await using log = await openAuditLog({ socketPath: place.socketPath, signCheckpoint });
  const greeting = hello.frame({ version: 1, nonce: randomBytes(8) });
  const frames = [
    Buffer.from('GET / HTTP/1.1\r\n\r\n'),
    encodeFrame(0, APPEND, Buffer.alloc(100)),
    hello.frame({ version: 9, nonce: randomBytes(8) }),
    hello.frame({ version: 1, nonce: randomBytes(7) }),
    Buffer.concat([greeting, greeting]),
    Buffer.concat([greeting, encodeFrame(0, APPEND, Buffer.alloc(16))]),
    Buffer.concat([greeting, encodeFrame(0, APPEND, Buffer.alloc(30, 255))]),
    Buffer.concat([greeting, encodeFrame(0, APPEND, Buffer.alloc(70_000))]),
    Buffer.concat([greeting, encodeFrame(5, signed.kind, Buffer.from([1, 0, 0, 0, 65]))]),
    Buffer.concat([greeting, encodeFrame(0, 99, Buffer.alloc(0))]),
  ];
  for (const bytes of frames) await sendGarbage(place.socketPath, bytes);
  for (let i = 0; i < 20; i++)
    await sendGarbage(place.socketPath, Buffer.concat([Buffer.alloc(4, 255), randomBytes(200)]));
  await log.append(entryText('w', 1));
  assert.deepEqual(
    [...openEntries(place.folder).from(0)].map(({ text }) => numberOf(text).number),
    [1],
  );
  await log[Symbol.asyncDispose]();
  await recorder.kill('SIGTERM');
  assert.equal(recorder.child.exitCode, 0);
});

test('a second recorder is kept out of the folder while the first lives', async () => {
  using place = makePlace();
  await using first = spawnRecorder(place);
  await using log = await openAuditLog({ socketPath: place.socketPath, signCheckpoint });
  await using second = spawnRecorder({ ...place, socketPath: `${place.socketPath}2` });
  await once(second.child, 'close');
  assert.equal(second.child.exitCode, 1);
  assert.match(second.output(), /another recorder has .* open/);
  await log.append(entryText('w', 1));
  await log[Symbol.asyncDispose]();
  await first.kill('SIGTERM');
});
