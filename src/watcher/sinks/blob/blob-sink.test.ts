// Against Azurite, and a proxy before it that does what networks do.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { ContainerClient } from '@azure/storage-blob';
import fc from 'fast-check';
import { type Azurite, startAzurite } from '../../../../test/support/azurite.ts';
import { type Fault, type FaultyProxy, startFaultyProxy } from '../../../../test/support/faulty-proxy.ts';
import type { SinkConfigOf } from '../../../deployment/sinks.ts';
import { sinkContract } from '../sink.contract.ts';
import { type Delivery, type LogEntry, type Sink, SinkError } from '../sink.ts';
import { blobSink } from './blob-sink.ts';

const AUDIT = 'insights-logs-auditevent';
const ID = '/subscriptions/0f5a/resourceGroups/Keys/providers/Microsoft.KeyVault/managedHSMs/Fin';
const running = new AbortController().signal;
const folder = mkdtempSync(join(tmpdir(), 'strongroom-blob-sink-'));
let azurite: Azurite;
let proxy: FaultyProxy;
before(async () => {
  azurite = await startAzurite({ folder });
  proxy = await startFaultyProxy(azurite.origin);
});
after(async () => {
  await proxy[Symbol.asyncDispose]();
  await azurite[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

let logs = 0;

interface Place {
  readonly container: ContainerClient;
  readonly resourceId: string;
  /** Opened anew, as after a crash. */
  open(more?: Partial<SinkConfigOf<'blob'>>, permissions?: string, id?: string): Sink;
  /** Name without the resource, and lines; ordered by names. */
  blobs(): Promise<readonly (readonly [string, readonly Readonly<Record<string, unknown>>[]])[]>;
}

async function place(name = 'Fin'): Promise<Place> {
  logs += 1;
  const containerName = `${AUDIT}-${logs}`;
  const container = await azurite.makeContainer(containerName);
  proxy.fault = () => undefined;
  return {
    container,
    resourceId: ID,
    open(more = {}, permissions = 'rac', id = 'one') {
      const url = `${proxy.origin}/${azurite.account}`;
      return blobSink(
        { name: 'siem', kind: 'blob', url, container: containerName, sasFile: '/sas', ...more },
        {
          log: { origin: `strongroom/${id}`, id, name, resourceId: ID },
          profile: 'dev',
          readFile: () => `?${azurite.sas(containerName, { permissions })}\n`,
        },
      );
    },
    async blobs() {
      const names = (await Array.fromAsync(container.listBlobsFlat())).map((blob) => blob.name);
      return Promise.all(
        names.map(async (blob) => {
          const text = (await container.getBlobClient(blob).downloadToBuffer()).toString();
          const lines = text.split('\n').slice(0, -1);
          const prefix = `resourceId=${ID.toUpperCase()}/`;
          assert.ok(blob.startsWith(prefix), blob);
          return [blob.slice(prefix.length), lines.map((each) => JSON.parse(each) as Record<string, unknown>)] as const;
        }),
      );
    },
  };
}

const at = (hour: number): string => `2026-11-28T${String(hour).padStart(2, '0')}:30:00.000Z`;
const entry = (index: number, hour = 5, more: object = {}): LogEntry => ({
  index,
  bytes: Buffer.from(JSON.stringify({ time: at(hour), operationName: 'KeySign', ...more })),
});
const entries = (from: number, to: number, hour?: number): readonly LogEntry[] =>
  Array.from({ length: to - from }, (_, at) => entry(from + at, hour));
const whyFailed = (said: Delivery): string => (said.outcome === 'failed' ? said.why : `it was ${said.outcome}`);

test('entries are in an append blob of their hour, a line each, in the layout of the public service', async () => {
  const { open, blobs, container } = await place();
  await using sink = open();
  const batch = [...entries(0, 3, 5), ...entries(3, 5, 23)];
  assert.deepEqual(await sink.send(batch, running), { outcome: 'taken' });
  assert.deepEqual(await sink.send([entry(5, 23)], running), { outcome: 'taken' });
  const shown = (index: number, hour: number) => ({
    ...{ time: at(hour), operationName: 'KeySign', log: 'strongroom/one', index },
  });
  assert.deepEqual(await blobs(), [
    ['y=2026/m=11/d=28/h=05/m=00/PT1H.json', [0, 1, 2].map((index) => shown(index, 5))],
    ['y=2026/m=11/d=28/h=23/m=00/PT1H.json', [3, 4, 5].map((index) => shown(index, 23))],
  ]);
  const [first] = await Array.fromAsync(container.listBlobsFlat());
  assert.equal(first?.properties.blobType, 'AppendBlob');
});

test('an entry of the largest size, and a batch of the largest, arrive', async () => {
  const { open, blobs } = await place();
  await using sink = open();
  const large = { index: 0, bytes: Buffer.from(JSON.stringify({ time: at(5), x: 'é'.repeat(32_740) })) };
  assert.ok(large.bytes.length > 65_400 && large.bytes.length <= 65_535);
  assert.deepEqual(await sink.send([large], running), { outcome: 'taken' });
  assert.deepEqual(await open().send([large, ...entries(1, 2048)], running), { outcome: 'taken' });
  const [[, lines = []] = []] = await blobs();
  assert.deepEqual(
    lines.map(({ index }) => index),
    entries(0, 2048).map(({ index }) => index),
  );
});

test('whatever is lost, cut off and sent again, in whatever batches: every entry is there once, in order', async () => {
  const hours = [3, 4, 4, 3, 5, 5, 5, 6, 5, 6];
  const log = hours.map((hour, index) => entry(index, hour));
  const step = fc.record({
    back: fc.nat(4),
    size: fc.integer({ min: 1, max: 6 }),
    fault: fc.constantFrom('none', 'lose answer', 'cut', 'reopen'),
    /** Which of the requests it happens to. */
    after: fc.nat(3),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 8 }), async (steps) => {
      const { open, blobs } = await place();
      let sink = open();
      let done = 0;
      const send = async (from: number, to: number): Promise<void> => {
        const said = await sink.send(log.slice(from, to), running);
        if (said.outcome === 'taken') done = Math.max(done, to);
        else sink = open();
      };
      for (const { back, size, fault, after: wait } of steps) {
        let [asked, isOver] = [0, false];
        proxy.fault = () => {
          if (isOver || asked++ < wait || fault === 'none' || fault === 'reopen') return undefined;
          isOver = true;
          return { kind: fault };
        };
        if (fault === 'reopen') sink = open();
        // A position that was kept may be older than what was taken, by a crash alone.
        const from = fault === 'reopen' ? Math.max(0, done - back) : done;
        if (from < log.length) await send(from, Math.min(log.length, from + size));
      }
      proxy.fault = () => undefined;
      while (done < log.length) await send(done, log.length);
      const found = (await blobs()).map(([name, lines]) => [
        Number(/h=(\d\d)/.exec(name)?.[1]),
        lines.map(({ index }) => index),
      ]);
      const wanted = [...new Set(hours)]
        .toSorted((a, b) => a - b)
        .map((hour) => [hour, hours.flatMap((each, index) => (each === hour ? [index] : []))]);
      assert.deepEqual(found, wanted);
    }),
    { numRuns: 15 },
  );
});

test('the log of another instance of the same name begins where the one before ended', async () => {
  const { open, blobs } = await place();
  await open().send(entries(0, 5), running);
  assert.deepEqual(await open({}, 'rac', 'two').send(entries(0, 2), running), { outcome: 'taken' });
  const [[, lines = []] = []] = await blobs();
  assert.deepEqual(
    lines.slice(4).map(({ log, index }) => [log, index]),
    [
      ['strongroom/one', 4],
      ['strongroom/two', 0],
      ['strongroom/two', 1],
    ],
  );
});

test('an hour whose blob has all the blocks that it can have goes on in another', async () => {
  const { open, blobs, container } = await place();
  await open().send(entries(0, 2), running);
  const [found] = await Array.fromAsync(container.listBlobsFlat());
  const length = String(found?.properties.contentLength);
  const full = { 'x-ms-blob-committed-block-count': '50000', 'content-length': length };
  let isFull = false;
  proxy.fault = (method, { pathname, searchParams }) => {
    if (!pathname.endsWith('PT1H.json')) return undefined;
    if (searchParams.get('comp') === 'appendblock') {
      isFull = true;
      return { kind: 'answer', status: 409, headers: { 'x-ms-error-code': 'BlockCountExceedsLimit' } };
    }
    return method === 'HEAD' && isFull ? { kind: 'answer', status: 200, headers: full } : undefined;
  };
  assert.deepEqual(await open().send(entries(0, 4), running), { outcome: 'taken' });
  assert.deepEqual(await open().send(entries(1, 5), running), { outcome: 'taken' });
  assert.deepEqual(
    (await blobs()).map(([name, lines]) => [name.split('/').at(-1), lines.map(({ index }) => index)]),
    [
      ['PT1H.json', [0, 1]],
      ['PT1H_1.json', [2, 3, 4]],
    ],
  );
});

test('what keeps it from writing is told with what to do, and never with the token', async () => {
  const { open, resourceId } = await place();
  const batch = entries(0, 1);
  const answers = (status: number, code: string, on: string) => {
    proxy.fault = (_, { searchParams }) =>
      (searchParams.get('comp') ?? 'blob') === on
        ? { kind: 'answer', status, headers: { 'x-ms-error-code': code } }
        : undefined;
  };
  const told: string[] = [];
  const tell = async (sink: Sink, expected: RegExp): Promise<void> => {
    const why = whyFailed(await sink.send(batch, running));
    assert.match(why, expected);
    told.push(why);
  };
  answers(409, 'BlobImmutableDueToPolicy', 'appendblock');
  await tell(open(), /policy of the container.*allowProtectedAppendWrites/);
  answers(302, '', 'blob');
  await tell(open(), /302, a redirection, which is not followed/);
  answers(503, 'ServerBusy', 'blob');
  await tell(open(), /busy or failing \(503 ServerBusy\)/);
  proxy.fault = () => ({ kind: 'cut' });
  await tell(open(), /cannot be reached/);
  proxy.fault = () => undefined;
  await tell(open({}, 'l'), /refuses access.*permissions rac/);
  await tell(open({ container: 'not-there' }), /container does not exist|refuses access/);
  assert.doesNotMatch(told.join(), /sig=/);
  assert.ok(resourceId);
});

test('a configuration that cannot be used is refused, by the member to blame', () => {
  const log = { origin: 'strongroom/a', id: 'a', name: 'dev', resourceId: ID };
  const open = (more: Partial<SinkConfigOf<'blob'>>, profile: 'dev' | 'production' = 'production') =>
    blobSink(
      { name: 'siem', kind: 'blob', url: 'https://a.blob.core.windows.net', ...more },
      {
        log,
        profile,
        readFile: () => {
          throw Object.assign(new Error(), { code: 'ENOENT' });
        },
      },
    );
  for (const [more, expected] of [
    [{}, /'siem' must have one of sasFile and identity/],
    [{ sasFile: '/s', identity: { kind: 'imds' as const } }, /one of sasFile and identity/],
    [{ sasFile: '/s', url: 'http://a.example' }, /url of 'siem' must be https/],
    [{ sasFile: '/s', url: 'https://a.example/?sig=SECRET' }, /url of 'siem' must be https/],
    [{ sasFile: '/s', caFile: '/ca' }, /caFile cannot be read: ENOENT/],
  ] as const) {
    assert.throws(
      () => open(more),
      (error) => error instanceof SinkError && expected.test(error.message),
      String(expected),
    );
  }
});

test('a token that cannot be read, or is none, fails the batch, and the next one looks again', async () => {
  const { container } = await place();
  let text = 'sig=SECRET';
  const open = () =>
    blobSink(
      {
        name: 'siem',
        kind: 'blob',
        url: `${proxy.origin}/${azurite.account}`,
        container: container.containerName,
        sasFile: '/sas',
      },
      { log: { origin: 'strongroom/a', id: 'a', name: 'dev', resourceId: ID }, profile: 'dev', readFile: () => text },
    );
  const why = whyFailed(await open().send(entries(0, 1), running));
  assert.match(why, /SAS token/);
  assert.doesNotMatch(why, /SECRET/);
  text = azurite.sas(container.containerName, { permissions: 'rac' });
  assert.deepEqual(await open().send(entries(0, 1), running), { outcome: 'taken' });
});

const WRONG: Readonly<Record<string, Fault>> = {
  'cutting the connection': { kind: 'cut' },
  silent: { kind: 'silence' },
  busy: { kind: 'answer', status: 503 },
  'of a wrong token': { kind: 'answer', status: 403, headers: { 'x-ms-error-code': 'AuthenticationFailed' } },
  redirecting: { kind: 'answer', status: 302, headers: { location: 'http://127.0.0.1:1/' } },
  'of a policy': { kind: 'answer', status: 409, headers: { 'x-ms-error-code': 'BlobImmutableDueToPolicy' } },
};
const LINE = /^(.*),"log":"strongroom\/one","index":(\d+)\}$/;

function entryIn(line: string): { readonly index: number; readonly bytes: Buffer } {
  const [, said = '', index] = LINE.exec(line) ?? assert.fail(line);
  const [, text] = /^\{"entry":(".*")$/.exec(said) ?? [];
  return { index: Number(index), bytes: Buffer.from(text === undefined ? `${said}}` : (JSON.parse(text) as string)) };
}

sinkContract(
  'blob',
  {
    'cutting the connection': /cannot be reached/,
    silent: /it stops/,
    busy: /busy or failing \(503/,
    'of a wrong token': /refuses access \(403 AuthenticationFailed\); make a new SAS token with the permissions rac/,
    redirecting: /answered 302, a redirection/,
    'of a policy': /allowProtectedAppendWrites/,
  },
  async (use) => {
    const { open, container } = await place();
    await use({
      open: () => open(),
      becomes(state) {
        proxy.fault = () => WRONG[state];
        return Promise.resolve();
      },
      async received() {
        const names = (await Array.fromAsync(container.listBlobsFlat())).map((blob) => blob.name);
        const texts = await Promise.all(names.map((name) => container.getBlobClient(name).downloadToBuffer()));
        const lines = texts.flatMap((text) => text.toString().split('\n').slice(0, -1));
        return lines.map(entryIn).toSorted((a, b) => a.index - b.index);
      },
      secrets: ['sig='],
      [Symbol.asyncDispose]: () => Promise.resolve(),
    });
  },
);
