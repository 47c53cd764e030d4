// Against a server of another project, and a proxy before it that does what networks do.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { type Fault, type FaultyProxy, startFaultyProxy } from '../../../../test/support/faulty-proxy.ts';
import { type S3Server, startS3Server } from '../../../../test/support/s3-server.ts';
import { skipUnless } from '../../../../test/system-programs.ts';
import type { SinkConfigOf } from '../../../deployment/sinks.ts';
import { sinkContract } from '../sink.contract.ts';
import { type Delivery, type LogEntry, type Sink, SinkError } from '../sink.ts';
import { askBucket, type BucketPlace, BucketRefused } from './bucket.ts';
import { s3Sink } from './s3-sink.ts';

const running = new AbortController().signal;
const entry = (index: number): LogEntry => ({ index, bytes: Buffer.from(`{"operationName":"KeySign","n":${index}}`) });
const entries = (from: number, to: number): readonly LogEntry[] =>
  Array.from({ length: to - from }, (_, at) => entry(from + at));
/** Its bytes are as they were; what was no JSON is a text. */
function entryIn(line: string): LogEntry {
  const [, index, said = ''] =
    /^\{"log":"strongroom\/one","index":(\d+),"entry":(.*)\}$/.exec(line) ?? assert.fail(line);
  return { index: Number(index), bytes: Buffer.from(said.startsWith('"') ? (JSON.parse(said) as string) : said) };
}
const whyFailed = (said: Delivery): string => (said.outcome === 'failed' ? said.why : `it was ${said.outcome}`);

describe('a bucket', { skip: skipUnless('S3 server') }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'strongroom-s3-'));
  let server: S3Server;
  let proxy: FaultyProxy;
  let buckets = 0;
  before(async () => {
    server = await startS3Server(folder);
    proxy = await startFaultyProxy(server.origin);
  });
  after(async () => {
    await proxy[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  interface Bucket {
    readonly place: BucketPlace;
    /** Opened anew, as after a crash. */
    open(more?: Partial<SinkConfigOf<'s3'>>, credentials?: string): Sink;
    /** In the order of the objects' names. */
    lines(): Promise<readonly LogEntry[]>;
    /** Names of objects, and indexes of their entries. */
    objects(): Promise<readonly (readonly [string, readonly number[]])[]>;
  }

  async function bucket(headers: Readonly<Record<string, string>> = {}): Promise<Bucket> {
    buckets += 1;
    proxy.fault = () => undefined;
    const { region, credentials } = server;
    const place = { url: `${server.origin}/logs-${buckets}`, region, credentials, ca: undefined };
    await askBucket(place, { method: 'PUT', headers }, running);
    const keys = async (): Promise<readonly string[]> => {
      const { text } = await askBucket(place, { method: 'GET', query: { 'list-type': '2' } }, running);
      return [...text.matchAll(/<Key>([^<]*)<\/Key>/g)].map(([, key = '']) => key);
    };
    const textOf = async (key: string): Promise<string> =>
      (await askBucket(place, { method: 'GET', key }, running)).text;
    const file = `[default]\naws_access_key_id = ${credentials.accessKeyId}\naws_secret_access_key = ${credentials.secretAccessKey}\n`;
    return {
      place,
      open: (more = {}, text = file) =>
        s3Sink(
          { name: 'vault', kind: 's3', url: `${proxy.origin}/logs-${buckets}`, region, credentialsFile: '/c', ...more },
          {
            log: { origin: 'strongroom/one', id: 'one', name: 'Fin', resourceId: '/x' },
            profile: 'dev',
            readFile: () => text,
          },
        ),
      async lines() {
        const all = await Promise.all((await keys()).map((key) => textOf(key)));
        return all.flatMap((text) => text.split('\n').slice(0, -1).map(entryIn));
      },
      async objects() {
        return Promise.all(
          (await keys()).map(async (key) => {
            const told = (await textOf(key)).split('\n').slice(0, -1).map(entryIn);
            for (const { index, bytes } of told) assert.deepEqual(bytes, entry(index).bytes);
            return [key, told.map(({ index }) => index)] as const;
          }),
        );
      },
    };
  }

  const WRONG: Readonly<Record<string, Fault>> = {
    'cutting the connection': { kind: 'cut' },
    silent: { kind: 'silence' },
    busy: { kind: 'answer', status: 503 },
    'of a wrong key': { kind: 'answer', status: 403 },
    redirecting: { kind: 'answer', status: 301, headers: { location: 'http://127.0.0.1:1/' } },
  };
  sinkContract(
    's3',
    {
      'cutting the connection': /cannot be reached: ECONNRESET/,
      silent: /did not answer in time/,
      busy: /answered 503/,
      'of a wrong key': /answered 403: the key must be good for/,
      redirecting: /answered 301: name the address of the bucket itself/,
    },
    async (use) => {
      const { open, lines } = await bucket();
      await use({
        open: () => open(),
        becomes(state) {
          proxy.fault = () => WRONG[state];
          return Promise.resolve();
        },
        received: lines,
        secrets: [server.credentials.secretAccessKey],
        [Symbol.asyncDispose]: () => Promise.resolve(),
      });
    },
  );

  test('has an object for each batch, whose names sort as the log does', async () => {
    const { open, objects } = await bucket();
    await using sink = open({ prefix: 'audit/' });
    assert.deepEqual(await sink.send(entries(0, 3), running), { outcome: 'taken' });
    assert.deepEqual(await sink.send(entries(3, 12), running), { outcome: 'taken' });
    assert.deepEqual(await sink.send(entries(12, 13), running), { outcome: 'taken' });
    const name = (digits: string) => `audit/strongroom/one/${digits.padStart(16, '0')}.jsonl`;
    assert.deepEqual(await objects(), [
      [name('0'), [0, 1, 2]],
      [name('3'), entries(3, 12).map(({ index }) => index)],
      [name('12'), [12]],
    ]);
  });

  test('whatever is lost, cut off and sent again, in whatever batches: every entry is there once, in order', async () => {
    const step = fc.record({
      back: fc.nat(5),
      size: fc.integer({ min: 1, max: 6 }),
      fault: fc.constantFrom('none', 'lose answer', 'cut', 'reopen'),
      after: fc.nat(2),
    });
    const most = 12;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 8 }), async (steps) => {
        const { open, objects } = await bucket();
        let sink = open();
        let done = 0;
        for (const { back, size, fault, after: wait } of steps) {
          let [asked, isOver] = [0, false];
          proxy.fault = () => {
            if (isOver || asked++ < wait || fault === 'none' || fault === 'reopen') return undefined;
            isOver = true;
            return { kind: fault };
          };
          if (fault === 'reopen') sink = open();
          const from = fault === 'reopen' ? Math.max(0, done - back) : done;
          const to = Math.min(most, from + size);
          const said = from < to ? await sink.send(entries(from, to), running) : undefined;
          if (said?.outcome === 'taken') done = Math.max(done, to);
          else if (said !== undefined) sink = open();
        }
        proxy.fault = () => undefined;
        if (done < most) assert.deepEqual(await open().send(entries(done, most), running), { outcome: 'taken' });
        const found = (await objects()).flatMap(([, indexes]) => indexes);
        assert.deepEqual(
          found,
          entries(0, most).map(({ index }) => index),
        );
      }),
      { numRuns: 15 },
    );
  });

  test('whose object lock is asked for keeps each object that long, against its owner too', async () => {
    const { open, place, objects } = await bucket({ 'x-amz-bucket-object-lock-enabled': 'true' });
    const objectLock = { mode: 'COMPLIANCE', days: 30 } as const;
    assert.deepEqual(await open({ objectLock }).send(entries(0, 2), running), { outcome: 'taken' });
    const [[key] = ['']] = await objects();
    const { headers } = await askBucket(place, { method: 'HEAD', key }, running);
    assert.equal(headers['x-amz-object-lock-mode'], 'COMPLIANCE');
    const days = (Date.parse(String(headers['x-amz-object-lock-retain-until-date'])) - Date.now()) / 86_400_000;
    assert.ok(days > 29.9 && days <= 30, String(days));
    const query = { versionId: String(headers['x-amz-version-id']) };
    const gone = askBucket(place, { method: 'DELETE', key, query }, running);
    await assert.rejects(gone, (error) => error instanceof BucketRefused && error.status === 403);
    assert.deepEqual(await open({ objectLock }).send(entries(0, 3), running), { outcome: 'taken' });
    assert.deepEqual(
      (await objects()).map(([, indexes]) => indexes),
      [[0, 1], [2]],
    );
  });

  test('what keeps it from writing is told with what to do, and never with the key', async () => {
    const { open } = await bucket();
    const told: string[] = [];
    const tell = async (sink: Sink, expected: RegExp): Promise<void> => {
      const why = whyFailed(await sink.send(entries(0, 1), running));
      assert.match(why, expected);
      told.push(why);
    };
    const wrong = 'aws_access_key_id = AKTEST\naws_secret_access_key = SECRET-of-another\n';
    await tell(open({}, wrong), /answered 403 SignatureDoesNotMatch: the key must be good for/);
    await tell(open({ region: 'other' }), /answered 40[03] \w+/);
    await tell(open({ url: `${proxy.origin}/not-there` }), /answered 404 NoSuchBucket: there is no such bucket/);
    await tell(open({ objectLock: { mode: 'GOVERNANCE', days: 1 } }), /answered 400 InvalidRequest: .*object lock/);
    proxy.fault = () => ({ kind: 'answer', status: 307, headers: { location: 'http://127.0.0.1:1/' } });
    await tell(open(), /answered 307: name the address of the bucket/);
    proxy.fault = () => ({ kind: 'answer', status: 503 });
    await tell(open(), /answered 503/);
    proxy.fault = () => ({ kind: 'cut' });
    await tell(open(), /cannot be reached/);
    proxy.fault = (method) => (method === 'PUT' ? { kind: 'answer', status: 413 } : undefined);
    assert.deepEqual(await open().send(entries(5, 6), running), { outcome: 'refused', why: 'answered 413' });
    assert.doesNotMatch(told.join(), /SECRET|AKTEST/);
  });

  test('whose objects have no lock where one is asked for holds the log up, and says so', async () => {
    const { open } = await bucket({ 'x-amz-bucket-object-lock-enabled': 'true' });
    await open().send(entries(0, 2), running);
    const locked = open({ objectLock: { mode: 'GOVERNANCE', days: 1 } });
    assert.match(whyFailed(await locked.send(entries(1, 3), running)), /without the lock.*s3:GetObjectRetention/);
    assert.deepEqual(await locked.send(entries(2, 3), running), { outcome: 'taken' });
  });

  test('in which somebody else has written an object of that name holds the log up, and says so', async () => {
    const { open, place } = await bucket();
    const key = `strongroom/one/${'0'.repeat(16)}.jsonl`;
    await askBucket(place, { method: 'PUT', key, body: Buffer.from('x') }, running);
    assert.match(whyFailed(await open().send(entries(0, 1), running)), /written by somebody else/);
  });
});

test('a configuration that cannot be used is refused, by the member to blame', () => {
  const open = (url: string, readFile: () => string) =>
    s3Sink(
      { name: 'vault', kind: 's3', url, region: 'r', credentialsFile: '/c' },
      { log: { origin: 'strongroom/a', id: 'a', name: 'dev', resourceId: '' }, profile: 'production', readFile },
    );
  const refuses = (expected: RegExp) => (error: unknown) => error instanceof SinkError && expected.test(error.message);
  const missing = (): never => {
    throw Object.assign(new Error(), { code: 'ENOENT' });
  };
  assert.throws(() => open('http://s3.example/b', missing), refuses(/url of 'vault' must be https/));
  assert.throws(() => open('https://s3.example/b', missing), refuses(/credentialsFile cannot be read: ENOENT/));
  assert.throws(() => open('https://s3.example/b', () => ''), refuses(/aws_access_key_id is missing/));
});
