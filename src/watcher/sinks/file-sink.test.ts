import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { open as openFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileSink } from './file-sink.ts';
import { entryAt, IDENTITY } from './run-sink.fixture.ts';
import { type Receiver, sinkContract } from './sink.contract.ts';
import type { LogEntry, LogIdentity } from './sink.ts';

const root = mkdtempSync(join(tmpdir(), 'file-sink-'));
after(() => rmSync(root, { recursive: true }));
const NEVER = new AbortController().signal;

/** Lines that are whole, as their bytes are. */
function linesOf(path: string): { index: number; bytes: Buffer }[] {
  const head = Buffer.from(`{"log":"${IDENTITY.origin}","index":`).length;
  return readFileSync(path, 'latin1')
    .split('\n')
    .flatMap((line) => {
      const [, index, entry] = /^(\d+),"entry":(.*)\}$/.exec(line.slice(head)) ?? [];
      return index === undefined || entry === undefined
        ? []
        : [{ index: Number(index), bytes: Buffer.from(entry, 'latin1') }];
    });
}

let files = 0;
async function withFile(use: (receiver: Receiver & { readonly path: string }) => Promise<void>): Promise<void> {
  const path = join(root, String(files++));
  const open = () => fileSink({ name: 'file', kind: 'file', path }, { log: IDENTITY });
  await use({
    path,
    open,
    received: () => Promise.resolve(linesOf(path)),
    async becomes(state) {
      rmSync(path, { recursive: true, force: true });
      if (state === 'a folder') mkdirSync(path);
      if (state === 'a link') symlinkSync('/dev/null', path);
      if (state === 'a pipe') spawnSync('mkfifo', [path]);
    },
    secrets: [],
    [Symbol.asyncDispose]: () => Promise.resolve(),
  });
}

sinkContract('file', { 'a folder': /EISDIR/, 'a link': /ELOOP/, 'a pipe': /it is no file/ }, withFile);

const entry = (index: number): LogEntry => ({ index, bytes: entryAt(index) });

test('a line is JSON that names log and index, and nobody else may read the file', () =>
  withFile(async ({ open, path }) => {
    await using sink = open();
    await sink.send([entry(7)], NEVER);
    const text = readFileSync(path, 'utf8');
    assert.deepEqual(JSON.parse(text), {
      log: IDENTITY.origin,
      index: 7,
      entry: JSON.parse(entryAt(7).toString('utf8')) as unknown,
    });
    assert.equal(statSync(path).mode & 0o777, 0o600);
  }));

test('a file that somebody moves away, or cuts, is gone on with where its name is', () =>
  withFile(async ({ open, path }) => {
    await using sink = open();
    await sink.send([entry(0)], NEVER);
    renameSync(path, `${path}.1`);
    await sink.send([entry(1)], NEVER);
    assert.deepEqual(
      [linesOf(`${path}.1`), linesOf(path)].map(([line]) => line?.index),
      [0, 1],
    );
  }));

test('an entry with a line break in it makes no second line', () =>
  withFile(async ({ open, path }) => {
    await using sink = open();
    const text = '{}}\n{"log":"another"}';
    await sink.send([{ index: 3, bytes: Buffer.from(text) }], NEVER);
    assert.deepEqual(JSON.parse(readFileSync(path, 'utf8')), { log: IDENTITY.origin, index: 3, entry: text });
  }));

test('a line that was torn counts for nothing, and the next one stands by itself', () =>
  withFile(async ({ open, path }) => {
    await using sink = open();
    await sink.send([entry(0)], NEVER);
    appendFileSync(path, readFileSync(path).subarray(0, 60));
    await sink.send([entry(1)], NEVER);
    assert.deepEqual(
      linesOf(path).map(({ index }) => index),
      [0, 1],
    );
  }));

test('what a full disk left of one log takes no entry of another with it', (t) =>
  withFile(async ({ path }) => {
    await using file = await openFile(join(root, 'any'), 'w');
    const prototype = Object.getPrototypeOf(file) as typeof file;
    const { write } = file;
    const torn = Promise.withResolvers<void>();
    let writes = 0;
    t.mock.method(prototype, 'write', async function (this: typeof file, bytes: Buffer) {
      writes += 1;
      if (writes === 1) {
        // The other one's look at the file comes in between if it can.
        for (let turn = 0; turn < 2_000 && writes === 1; turn++) await new Promise((resolve) => setImmediate(resolve));
        const written = (await Reflect.apply(write, this, [bytes.subarray(0, 60)])) as unknown;
        torn.resolve();
        return written;
      }
      await torn.promise;
      return (await Reflect.apply(write, this, [bytes])) as unknown;
    });
    const send = (log: LogIdentity, index: number) =>
      fileSink({ name: 'file', kind: 'file', path }, { log }).send([entry(index)], NEVER);
    const [first, second] = await Promise.all([
      send({ ...IDENTITY, origin: 'strongroom/other' }, 3),
      send(IDENTITY, 7),
    ]);
    assert.deepEqual([first, second], [{ outcome: 'failed', why: 'the disk is full' }, { outcome: 'taken' }]);
    assert.deepEqual(
      linesOf(path).map(({ index }) => index),
      [7],
    );
  }));

test('a full disk: nothing counts as taken, and all is there once when there is room again', () =>
  withFile(async ({ path }) => {
    // The system's limit of a file's size stands for the disk: it cuts a write in the middle in the same way.
    const script = `
      const { fileSink } = await import(${JSON.stringify(new URL('file-sink.ts', import.meta.url).href)});
      process.on('SIGXFSZ', () => {});
      const sink = fileSink({ name: 'file', kind: 'file', path: ${JSON.stringify(path)} }, { log: ${JSON.stringify(IDENTITY)} });
      const entries = Array.from({ length: 40 }, (_, index) => ({ index, bytes: Buffer.from('{"x":"' + 'y'.repeat(200) + '"}') }));
      console.log(JSON.stringify(await sink.send(entries, new AbortController().signal)));
    `;
    const run = (limit: string) =>
      spawnSync(
        '/bin/sh',
        ['-c', `ulimit -f ${limit}; exec "$@"`, 'sh', process.execPath, '--input-type=module', '-e', script],
        {
          encoding: 'utf8',
        },
      );
    const full = run('8');
    assert.match(full.stdout, /"outcome":"failed","why":"(the disk is full|it cannot be written: EFBIG)"/, full.stderr);
    assert.equal(statSync(path).size, 4096);
    assert.match(run('unlimited').stdout, /"outcome":"taken"/);
    const got = linesOf(path).map(({ index }) => index);
    assert.deepEqual(new Set(got), new Set(Array.from({ length: 40 }, (_, at) => at)));
    assert.deepEqual(
      got.slice(-40),
      Array.from({ length: 40 }, (_, at) => at),
    );
  }));
