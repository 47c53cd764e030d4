import assert from 'node:assert/strict';
import { PassThrough, Writable } from 'node:stream';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { messages } from '../crypto/protocol/messages.ts';
import { encodeFrame, FrameReader } from '../formats/frames.ts';
import { dispatchServing } from './handlers.ts';
import { openModule } from './key-module.fixture.ts';
import { serve } from './serve.ts';

test('a peer that does not take its replies is read no further, and gets all of them once it does', async () => {
  await using module = openModule();
  const input = new PassThrough();
  const held: (() => void)[] = [];
  let open = false;
  const ids: number[] = [];
  const reader = new FrameReader();
  const output = new Writable({
    write(chunk: Buffer, _encoding, done) {
      for (const { id } of reader.push(chunk)) ids.push(id);
      if (open) done();
      else held.push(done);
    },
  });
  const serving = serve((frame) => dispatchServing(module, frame), input, output);
  const frame = (id: number) => encodeFrame(id, messages.hello.code, messages.hello.request.encode({}));
  let sent = 0;
  // Until the pipe is full: without a limit it would never be.
  while (sent < 400_000) {
    const chunk = Buffer.concat(Array.from({ length: 1000 }, (_, n) => frame(sent + n)));
    sent += 1000;
    const taken = input.write(chunk);
    for (let n = 0; n < 20; n++) await turn();
    if (!taken && input.isPaused()) break;
  }
  assert.ok(sent < 400_000, 'reading stopped');
  assert.ok(output.writableLength < 2 ** 22, `${output.writableLength} bytes of replies wait`);
  open = true;
  for (const done of held.splice(0)) done();
  while (ids.length < sent) await turn();
  input.end();
  await serving;
  assert.deepEqual(
    ids.toSorted((a, b) => a - b),
    Array.from({ length: sent }, (_, n) => n),
  );
});
