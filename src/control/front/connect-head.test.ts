import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MAX_HEAD, readConnectHead } from './connect-head.ts';

const read = (text: string) => readConnectHead(Buffer.from(text, 'latin1'));

test('a CONNECT request names its host in lower case, its port and its length', () => {
  const head = 'CONNECT Dev.managedhsm.azure.net:443 HTTP/1.1\r\nHost: x\r\nProxy-Connection: keep-alive\r\n\r\n';
  assert.deepEqual(read(`${head}\x16\x03`), {
    kind: 'connect',
    host: 'dev.managedhsm.azure.net',
    port: 443,
    length: head.length,
  });
});

test('other requests are told from garbage', () => {
  assert.equal(read('GET http://example.org/ HTTP/1.1\r\n\r\n').kind, 'other');
  assert.equal(read('CONNECT a:0 HTTP/1.1\r\n\r\n').kind, 'malformed');
  assert.equal(read('CONNECT a:65536 HTTP/1.1\r\n\r\n').kind, 'malformed');
  assert.equal(read('CONNECT a HTTP/1.1\r\n\r\n').kind, 'malformed');
  assert.equal(read('CONNECT a:1 HTTP/1.1 \r\n\r\n').kind, 'malformed');
  assert.equal(read('CONNECT a:1 HTTP/2\r\n\r\n').kind, 'malformed');
  assert.equal(read('CONNECT a/../b:1 HTTP/1.1\r\n\r\n').kind, 'malformed');
  assert.equal(read('CONNECT a:1 HTTP/1.1\r\nno colon\r\n\r\n').kind, 'malformed');
  assert.equal(read('\0').kind, 'malformed');
});

test('a head without an end is waited for up to its limit', () => {
  assert.equal(read('CONNECT a:1 HT').kind, 'incomplete');
  assert.equal(read('x'.repeat(MAX_HEAD)).kind, 'malformed');
});

test('any bytes are read without failing', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.boolean(), (bytes, ended) => {
      readConnectHead(Buffer.concat([bytes, Buffer.from(ended ? '\r\n\r\n' : '')]));
    }),
  );
});
