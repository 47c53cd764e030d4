import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { encodeFrame } from '../../formats/frames.ts';
import { messages, REPLY_OK } from '../protocol/messages.ts';
import { encodeRequest, Partition } from './partition.ts';
import type { PartitionProcess } from './spawn-partition.ts';

/** Answers the first request, and to the next begins an answer of a megabyte that comes byte by byte, for ever. */
const DRIBBLES = `
  const { stdin, stdout } = process;
  stdin.once('data', (asked) => {
    const answer = Buffer.from(asked.subarray(0, 9));
    answer.writeUInt32LE(5, 0);
    answer[8] = 0;
    stdout.write(answer);
    stdin.once('data', () => {
      stdout.write(Buffer.from([0, 0, 16, 0]));
      setInterval(() => stdout.write('x'), 5);
    });
  });
`;

test('a partition that begins an answer and does not come to its end is silent', async () => {
  const child = spawn(process.execPath, ['-e', DRIBBLES], { stdio: ['pipe', 'pipe', 'inherit'] });
  await using partition = new Partition(child, 300);
  assert.equal((await partition.request(1, new Uint8Array(4))).length, 0);
  await assert.rejects(partition.request(1, new Uint8Array(4)), { code: 'PartitionLost' });
});

test('a partition that hangs while nobody asks it for anything is ended, and one that does not is not', async () => {
  const answering = (times: number): string => `
    const { stdin, stdout } = process;
    let left = ${times};
    stdin.on('data', (asked) => {
      for (let at = 0; at < asked.length && left > 0; at += 4 + asked.readUInt32LE(at), left--) {
        const answer = Buffer.from(asked.subarray(at, at + 9));
        answer.writeUInt32LE(5, 0);
        answer[8] = 0;
        stdout.write(answer);
      }
    });
  `;
  const open = (times: number): Partition =>
    new Partition(spawn(process.execPath, ['-e', answering(times)], { stdio: ['pipe', 'pipe', 'inherit'] }), 2_000);
  await using well = open(1_000_000);
  await using hanging = open(1);
  await Promise.all([well, hanging].map((each) => each.request(1, new Uint8Array(4))));
  await hanging.gone;
  assert.deepEqual([hanging.lost, well.lost], [true, false]);
});

for (const [kty, seconds] of [
  ['EC-HSM', 20],
  ['RSA-HSM', 60],
] as const) {
  test(`a partition that stands still while it makes a key of ${kty} is ended after ${seconds} s`, async (t) => {
    let now = 0;
    t.mock.timers.enable({ apis: ['setInterval'] });
    t.mock.method(performance, 'now', () => now);
    const stdout = new PassThrough();
    const process = Object.assign(new EventEmitter(), { pid: 1, stdin: new PassThrough(), stdout, kill: () => true });
    const partition = new Partition(process as unknown as PartitionProcess, 20_000, 60_000);
    const greeted = partition.request(messages.hello.code, Buffer.alloc(0));
    stdout.write(encodeFrame(1, REPLY_OK, Buffer.alloc(0)));
    await greeted;
    const binding = { name: 'k', version: '1', kty, keyOps: [], exportable: false, releasePolicy: '' };
    const create = { binding, size: 0, curve: '', publicExponent: 0, alg: '' };
    const made = partition.request(messages.createKey.code, encodeRequest('createKey', create));
    const lost = assert.rejects(made, { code: 'PartitionLost' });
    for (; !partition.lost; now += 5_000) {
      assert.ok(now <= seconds * 1_000);
      t.mock.timers.tick(5_000);
      await new Promise(setImmediate);
    }
    assert.ok(now >= (seconds - 5) * 1_000, String(now));
    await lost;
    process.emit('close');
    await partition.gone;
  });
}
