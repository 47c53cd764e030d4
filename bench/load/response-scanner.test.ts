import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ResponseError, ResponseScanner } from './response-scanner.ts';

interface Answer {
  readonly status: number;
  readonly body: string;
}

const answer = fc.record({
  status: fc.constantFrom(200, 201, 401, 403, 404, 429, 500, 503),
  header: fc.constantFrom('Content-Length: ', 'content-length:', 'CONTENT-LENGTH: \t'),
  extra: fc.constantFrom('', 'x-ms-request-id: 1\r\n', 'x-content-length: 7\r\n'),
  reason: fc.constantFrom(' OK', ' ', ''),
  body: fc.oneof(fc.string({ maxLength: 300 }), fc.constant('HTTP/1.1 500 x\r\ncontent-length: 9\r\n\r\n')),
});

function scanAll(stream: Buffer, cuts: readonly number[]): { answers: Answer[]; idle: boolean } {
  const answers: Answer[] = [];
  const scanner = new ResponseScanner((status, bytes, from, to) =>
    answers.push({ status, body: bytes.toString('utf8', from, to) }),
  );
  const ends = [...cuts.map((cut) => cut % (stream.length + 1)), stream.length].toSorted((a, b) => a - b);
  let at = 0;
  for (const end of ends) {
    const chunk = Buffer.from(stream.subarray(at, end));
    scanner.push(chunk);
    chunk.fill(0xff); // the transport uses its memory again
    at = end;
  }
  return { answers, idle: scanner.idle };
}

test('the same answers are found however the stream is cut', () => {
  fc.assert(
    fc.property(fc.array(answer, { maxLength: 8 }), fc.array(fc.nat({ max: 1e6 }), { maxLength: 30 }), (sent, cuts) => {
      const stream = Buffer.concat(
        sent.map(({ status, header, extra, reason, body }) => {
          const bytes = Buffer.from(body);
          const head = `HTTP/1.1 ${status}${reason}\r\n${extra}${header}${bytes.length}\r\n\r\n`;
          return Buffer.concat([Buffer.from(head), bytes]);
        }),
      );
      const found = scanAll(stream, cuts);
      assert.deepEqual(
        found.answers,
        sent.map(({ status, body }) => ({ status, body: Buffer.from(body).toString('utf8') })),
      );
      assert.ok(found.idle);
    }),
  );
});

test('one byte at a time is enough', () => {
  const stream = Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcHTTP/1.1 204 No Content\r\n\r\n');
  const everyByte = Array.from({ length: stream.length }, (_, index) => index);
  assert.deepEqual(scanAll(stream, everyByte).answers, [
    { status: 200, body: 'abc' },
    { status: 204, body: '' },
  ]);
});

test('an interim answer is passed over', () => {
  const stream = Buffer.from('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nx');
  assert.deepEqual(scanAll(stream, [10]).answers, [{ status: 200, body: 'x' }]);
});

test('an unfinished answer is not reported', () => {
  const { answers, idle } = scanAll(Buffer.from('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nabcd'), []);
  assert.deepEqual(answers, []);
  assert.equal(idle, false);
});

for (const [what, bytes] of [
  ['a chunked body', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n'],
  ['no length at all', 'HTTP/1.1 200 OK\r\n\r\n'],
  ['two lengths', 'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 1\r\n\r\n'],
  ['a length that is no number', 'HTTP/1.1 200 OK\r\ncontent-length: 1x\r\n\r\n'],
  ['a body beyond the limit', 'HTTP/1.1 200 OK\r\ncontent-length: 9999999\r\n\r\n'],
  ['another protocol', 'HTTP/1.0 200 OK\r\ncontent-length: 1\r\n\r\n'],
  ['a status that is no number', 'HTTP/1.1 2x0 OK\r\ncontent-length: 1\r\n\r\n'],
  ['bytes left over from a wrong length', 'xHTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n'],
] as const) {
  test(`${what} is a protocol error`, () => {
    assert.throws(() => scanAll(Buffer.from(bytes), []), ResponseError);
  });
}
