import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { FrameReader } from '../../formats/frames.ts';
import { readU64 } from '../../formats/journal-format.ts';
import { AuditError } from './audit-log.ts';
import * as messages from './messages.ts';
import { openAuditLog } from './open-audit-log.ts';

test('a recorder that says that it cannot store is no recorder until it can, or for a while', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'strongroom-audit-log-'));
  const socketPath = join(folder, 'recorder.sock');
  let canStore = true;
  const server = createServer((socket) => {
    const frames = new FrameReader(messages.MAX_RECORDER_FRAME);
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk: Buffer) => {
      for (const { id, kind, payload } of frames.push(chunk)) {
        if (kind === messages.hello.kind) {
          socket.write(messages.welcome.frame({ version: messages.PROTOCOL_VERSION }, id));
        } else if (kind !== messages.APPEND) socket.destroy();
        else if (canStore) socket.write(messages.acknowledged.frame(readU64(payload, 0)));
        else socket.end(messages.failed.frame({ through: readU64(payload, 0), message: 'full' }));
      }
    });
  }).listen(socketPath);
  await once(server, 'listening');
  t.mock.timers.enable({ apis: ['setInterval'] });
  const signCheckpoint = () => Promise.reject(new Error('no checkpoint here'));
  const log = await openAuditLog({ socketPath, signCheckpoint, appendTimeout: 5000 });
  try {
    await log.append('{}');
    assert.equal(log.isRecording, true);
    canStore = false;
    await assert.rejects(log.append('{}'), AuditError);
    assert.equal(log.isRecording, false);
    canStore = true;
    await log.append('{}');
    assert.equal(log.isRecording, true, 'it has stored something since');
    canStore = false;
    await assert.rejects(log.append('{}'), AuditError);
    canStore = true;
    // Connected again, owing nothing, and asked for nothing.
    for (let waited = 0; waited < 9_000; waited += 250) t.mock.timers.tick(250);
    assert.equal(log.isRecording, false);
    for (let waited = 0; waited < 2_000; waited += 250) t.mock.timers.tick(250);
    assert.equal(log.isRecording, true, 'somebody may try again');
  } finally {
    server.close();
    await log[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  }
});

test('a recorder that ends before it has welcomed a worker is taken for one of a version before only after three times', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'strongroom-audit-log-'));
  const socketPath = join(folder, 'recorder.sock');
  const versions: number[] = [];
  const fates = ['ends', 'ends', 'stays', 'ends', 'ends', 'ends', 'ends', 'stays'];
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    const frames = new FrameReader(messages.MAX_RECORDER_FRAME);
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk: Buffer) => {
      for (const { id, kind, payload } of frames.push(chunk)) {
        if (kind !== messages.hello.kind) {
          socket.write(messages.left.frame({}, id));
          continue;
        }
        const { version } = messages.hello.decode(payload);
        if (fates[versions.push(version) - 1] === 'ends') socket.destroy();
        else socket.write(messages.welcome.frame({ version }, id));
        open.add(socket);
      }
    });
  }).listen(socketPath);
  await once(server, 'listening');
  const log = await openAuditLog({ socketPath, signCheckpoint: () => Promise.reject(new Error('none here')) });
  try {
    assert.equal(log.countsEntries, true);
    for (const socket of open) socket.destroy();
    while (versions.length < fates.length || !log.countsEntries) await new Promise(setImmediate);
    assert.deepEqual(versions, [2, 2, 2, 2, 2, 2, 1, 2]);
  } finally {
    server.close();
    await log[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  }
});

test('a recorder of a version before is asked for what it knows, and counts nothing', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'strongroom-audit-log-'));
  const socketPath = join(folder, 'recorder.sock');
  let newestHead = 6;
  const server = createServer((socket) => {
    const frames = new FrameReader(messages.MAX_RECORDER_FRAME);
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk: Buffer) => {
      for (const { id, kind, payload } of frames.push(chunk)) {
        const isKnown = kind !== messages.hello.kind || messages.hello.decode(payload).version === 1;
        if (kind > 12 || !isKnown) socket.destroy();
        else if (kind === messages.hello.kind) socket.write(messages.welcome.frame({ version: 1 }, id));
        else if (kind === messages.askStatus.kind) {
          socket.write(messages.status.frame({ size: 1, root: Buffer.alloc(32), checkpointSize: 0, newestHead }, id));
          newestHead = 7;
        } else if (kind === messages.leave.kind) socket.write(messages.left.frame({}, id));
      }
    });
  }).listen(socketPath);
  await once(server, 'listening');
  const log = await openAuditLog({ socketPath, signCheckpoint: () => Promise.reject(new Error('none here')) });
  try {
    assert.equal(log.countsEntries, false);
    assert.equal((await log.newestHead()).sequence, 6);
    const head = { sequence: 7, hash: Buffer.alloc(32).toString('base64url'), entries: 1 };
    newestHead = 6;
    assert.equal(await log.lacking(head, 60_000), 0, 'once the recorder has it');
    assert.equal(await log.lacking({ ...head, sequence: 8 }, 0), 1);
  } finally {
    server.close();
    await log[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  }
});
