import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { test } from 'node:test';
import { Partition } from './partition.ts';

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
