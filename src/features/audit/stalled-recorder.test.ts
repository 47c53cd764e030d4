import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { AuditError } from '../../links/recorder/audit-log.ts';
import { PROTOCOL_VERSION, welcome } from '../../links/recorder/messages.ts';
import { openAuditLog } from '../../links/recorder/open-audit-log.ts';

test('a recorder that stops reading has entries refused, not kept without end', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'strongroom-stalled-'));
  const socketPath = join(folder, 'recorder.sock');
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    socket.once('data', () => {
      socket.pause();
      socket.write(welcome.frame({ version: PROTOCOL_VERSION }));
    });
  });
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  const log = await openAuditLog({
    socketPath,
    signCheckpoint: () => Promise.reject(new Error('not asked')),
    appendTimeout: 200,
  });
  const entry = JSON.stringify({ clientInfo: 'x'.repeat(60_000) });
  const refusedAtOnce: unknown[] = [];
  const waiting: Promise<unknown>[] = [];
  try {
    for (let round = 0; round < 20; round++) {
      for (let i = 0; i < 50; i++) waiting.push(log.append(entry).catch((error: unknown) => refusedAtOnce.push(error)));
      await new Promise((resolve) => setImmediate(resolve));
    }
    // 20 × 50 × 60 kB is far above what may be queued: the later ones did not wait for their time to run out.
    assert.ok(refusedAtOnce.length > 500, `${refusedAtOnce.length} refused`);
    assert.ok(refusedAtOnce.every((error) => error instanceof AuditError));
  } finally {
    await Promise.all(waiting);
    for (const socket of sockets) socket.destroy();
    await log[Symbol.asyncDispose]();
    await new Promise((resolve) => server.close(resolve));
    await rm(folder, { recursive: true, force: true });
  }
});
