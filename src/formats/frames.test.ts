import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { encodeFrame, FrameError, FrameReader, FrameWriter } from './frames.ts';

const frame = fc.record(
  {
    id: fc.nat({ max: 0xffffffff }),
    kind: fc.nat({ max: 255 }),
    payload: fc.uint8Array({ maxLength: 50 }),
  },
  { noNullPrototype: true },
);

function* cut(stream: Buffer, cuts: readonly number[]): Generator<Buffer> {
  const points = [...new Set([0, ...cuts.map((point) => point % (stream.length + 1)), stream.length])].sort(
    (a, b) => a - b,
  );
  for (let i = 1; i < points.length; i++) yield stream.subarray(points[i - 1], points[i]);
}

test('any chunking of a stream gives the same frames', () => {
  fc.assert(
    fc.property(fc.array(frame, { maxLength: 12 }), fc.array(fc.nat({ max: 1000 })), (frames, cuts) => {
      const stream = Buffer.concat(frames.map(({ id, kind, payload }) => encodeFrame(id, kind, payload)));
      const reader = new FrameReader();
      const read = [...cut(stream, cuts)].flatMap((chunk) => reader.push(chunk));
      assert.deepEqual(
        read.map(({ id, kind, payload }) => ({ id, kind, payload: new Uint8Array(payload) })),
        frames,
      );
    }),
  );
});

test('garbage gives frames within the bounds or a FrameError, nothing else', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 })), (chunks) => {
      const reader = new FrameReader(64);
      try {
        for (const chunk of chunks) {
          for (const { payload } of reader.push(Buffer.from(chunk))) assert.ok(payload.length <= 64 - 5);
        }
      } catch (error) {
        assert.ok(error instanceof FrameError);
      }
    }),
    { numRuns: 1000 },
  );
});

test('a length above the limit is refused before its bytes arrive', () => {
  const head = Buffer.alloc(4);
  head.writeUInt32LE(65);
  assert.throws(() => new FrameReader(64).push(head), FrameError);
  const slow = new FrameReader(64);
  slow.push(head.subarray(0, 1));
  assert.throws(() => slow.push(head.subarray(1)), FrameError);
});

test('half a frame is none until the rest of it is there', () => {
  const reader = new FrameReader();
  const frame = encodeFrame(1, 2, Buffer.alloc(3));
  assert.deepEqual(reader.push(frame.subarray(0, 6)), []);
  assert.equal(reader.push(frame.subarray(6)).length, 1);
});

test('frames that a callback leads to leave in one write, in order, whatever they have waited for', async () => {
  const writes: Buffer[] = [];
  const writer = new FrameWriter({ write: (chunk) => writes.push(chunk) });
  const begun = Promise.withResolvers<void>();
  const sent = [0, 1, 2, 3].map(async (id) => {
    for (let waits = 0; waits <= id; waits++) await begun.promise;
    writer.send(id, 1, Buffer.of(id));
  });
  setImmediate(begun.resolve);
  await Promise.all(sent);
  assert.equal(writes.length, 0);
  await new Promise(setImmediate);
  assert.equal(writes.length, 1);
  writer.send(4, 1, Buffer.of(4));
  await new Promise(setImmediate);
  assert.deepEqual(
    writes.map((chunk) => new FrameReader().push(chunk).map(({ id }) => id)),
    [[0, 1, 2, 3], [4]],
  );
});
