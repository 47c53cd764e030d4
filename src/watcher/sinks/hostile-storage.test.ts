// Storage that answers, and never comes to an end.
import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { blobSink } from './blob/blob-sink.ts';
import { entryAt, IDENTITY } from './run-sink.fixture.ts';
import { s3Sink } from './s3/s3-sink.ts';
import type { Sink } from './sink.ts';

const FAR_TOO_MANY = 500;
const batch = [{ index: 5, bytes: entryAt(5) }];
const SAS = 'sv=2023-11-03&sr=c&sp=rac&se=2099-01-01T00:00:00Z&sig=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA%3D';
const APPEND_BLOB = { 'x-ms-blob-type': 'AppendBlob', etag: '"1"', 'last-modified': new Date(0).toUTCString() };
const blob = (blocks: number, length: number) => ({
  ...{ ...APPEND_BLOB, 'x-ms-blob-committed-block-count': blocks, 'content-length': length },
});

const KINDS: Readonly<Record<string, (origin: string) => Sink>> = {
  s3: (origin) =>
    s3Sink(
      { name: 's', kind: 's3', url: `${origin}/b`, region: 'r', credentialsFile: '/c' },
      { log: IDENTITY, profile: 'dev', readFile: () => 'aws_access_key_id = a\naws_secret_access_key = b\n' },
    ),
  blob: (origin) =>
    blobSink(
      { name: 's', kind: 'blob', url: `${origin}/account`, sasFile: '/s', addresses: ['127.0.0.1'] },
      { log: IDENTITY, profile: 'dev', readFile: () => SAS },
    ),
};

/** @returns what came of a batch, and how many requests it took */
async function sendTo(t: TestContext, kind: string, answer: (asked: IncomingMessage, said: ServerResponse) => void) {
  let requests = 0;
  const server: Server = createServer((asked, said) => {
    requests += 1;
    asked.resume();
    if (requests > FAR_TOO_MANY) asked.destroy();
    else answer(asked, said);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.closeAllConnections());
  t.after(() => server.close());
  await using sink = (KINDS[kind] ?? assert.fail())(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const said = await sink.send(batch, new AbortController().signal);
  return { why: said.outcome === 'failed' ? said.why : said.outcome, requests };
}

test('a bucket whose list of objects never ends fails the batch', async (t) => {
  const { why, requests } = await sendTo(t, 's3', (_, said) =>
    said.end('<IsTruncated>true</IsTruncated><Key>x/0000000000000000.jsonl</Key>'),
  );
  assert.match(why, /its list of objects does not end/);
  assert.ok(requests < 100, String(requests));
});

test('an account all of whose blobs are full fails the batch', async (t) => {
  const { why, requests } = await sendTo(t, 'blob', (_, said) => said.writeHead(200, blob(50_000, 0)).end());
  assert.match(why, /PT1H\.json and 19 more after it are full/);
  assert.ok(requests < 100, String(requests));
});

test('of the end of a blob no more is read than there is of it', async (t) => {
  const limit = 64 * 1024 * 1024;
  let written = 0;
  const { why } = await sendTo(t, 'blob', ({ method }, said) => {
    if (method === 'HEAD') return said.writeHead(200, blob(1, 10)).end();
    said.writeHead(206, { ...APPEND_BLOB, 'content-length': limit });
    const chunk = Buffer.alloc(64 * 1024);
    const more = (): void => {
      for (written += chunk.length; written < limit && said.write(chunk); ) written += chunk.length;
      if (written >= limit) said.end();
    };
    said.on('drain', more);
    more();
    return undefined;
  });
  assert.match(why, /ECONNRESET|broke off/);
  assert.ok(written < limit, String(written));
});

for (const kind of Object.keys(KINDS)) {
  test(`${kind}: all requests of a batch together have an end`, async (t) => {
    const late = new AbortController();
    t.mock.method(AbortSignal, 'timeout', () => late.signal);
    const { why } = await sendTo(t, kind, ({ method, socket }, said) => {
      if (method === 'HEAD') return said.writeHead(200, blob(1, 0)).end();
      if (method === 'GET') return said.end('');
      late.abort();
      // Else nothing would end it but the time that one request has.
      return setTimeout(() => socket.destroy(), 2_000).unref();
    });
    assert.equal(why, 'did not answer in time');
  });
}
