// The raw limit of three sinks: the same bytes read from the log's files and moved to the same three places, in pieces as large as a
// sink's, by a program that does not look at them, keeps no position and asks nobody whether they arrived.
import { once } from 'node:events';
import { closeSync, constants, existsSync, openSync, readFileSync, writeSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { connect } from 'node:tls';
import { TILE_WIDTH, tilePath } from '../../src/formats/tlog-tiles.ts';
import { MOST } from '../../src/watcher/sinks/sink.ts';
import type { ReceiversSaid } from './receivers.ts';

/** @returns entries per second, to all three */
export async function rawSpeed(log: string, file: string, receivers: ReceiversSaid): Promise<number> {
  const begun = performance.now();
  const [entries = 0] = await Promise.all([toFile(log, file), toSocket(log, receivers), toHttp(log, receivers)]);
  return (entries * 1000) / (performance.now() - begun);
}

async function toFile(log: string, path: string): Promise<number> {
  const file = openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND | constants.O_SYNC, 0o600);
  let bundles = 0;
  for (const piece of pieces(log)) {
    bundles += piece.bundles;
    writeSync(file, piece.bytes);
    await turn();
  }
  closeSync(file);
  return bundles * TILE_WIDTH;
}

async function toSocket(log: string, { syslog, authority: ca }: ReceiversSaid): Promise<void> {
  const socket = connect({ host: 'localhost', port: syslog.port, ca });
  for (const { bytes } of pieces(log)) if (!socket.write(bytes)) await once(socket, 'drain');
  socket.end();
  await once(socket.resume(), 'close');
}

async function toHttp(log: string, { otlp, authority: ca }: ReceiversSaid): Promise<void> {
  for (const { bytes } of pieces(log)) {
    const sent = request({ host: 'localhost', port: otlp.port, ca, method: 'POST', path: '/v1/logs' });
    sent.end(bytes);
    const [answer] = (await once(sent, 'response')) as [NodeJS.ReadableStream];
    await once(answer.resume(), 'end');
  }
}

function* pieces(log: string): Generator<{ readonly bytes: Buffer; readonly bundles: number }> {
  let [held, length]: [Buffer[], number] = [[], 0];
  for (let bundle = 0; ; bundle += 1) {
    const path = join(log, tilePath('entries', bundle));
    const isThere = existsSync(path);
    if (isThere) {
      const bytes = readFileSync(path);
      held.push(bytes);
      length += bytes.length;
    }
    if (length >= MOST.bytes || (!isThere && held.length > 0)) {
      yield { bytes: Buffer.concat(held), bundles: held.length };
      [held, length] = [[], 0];
    }
    if (!isThere) return;
  }
}
