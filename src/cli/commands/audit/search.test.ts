// A log of a data directory that is long enough to have an index: found by it, told of when it was edited, followed as it grows.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { on } from 'node:events';
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, test } from 'node:test';
import { openAuditLog } from '../../../links/recorder/open-audit-log.ts';
import { signCheckpoint } from '../../../recorder/recorder.fixture.ts';
import { startRecorder } from '../../../recorder/start-recorder.ts';
import { nounsOf } from '../../command.ts';
import { dispatch } from '../../dispatch.ts';
import { commands } from '../audit.ts';

const COUNT = 16_900;
const ID = 'c0ffee00-0000-4000-8000-000000000000';
const root = mkdtempSync(join(tmpdir(), 'audit-search-'));
const data = join(root, 'data');
const folder = join(data, 'instances', 'dev', 'audit');
const index = join(data, 'index', `${ID}.4.db`);
const timeOf = (i: number): string => new Date(1.79e12 + i * 1000).toISOString();

async function record(entries: readonly object[]): Promise<void> {
  const socketPath = join(root, 'recorder.sock');
  await using _recorder = await startRecorder({
    folder,
    socketPath,
    origin: `strongroom/${ID}`,
    report: () => undefined,
  });
  await using log = await openAuditLog({ socketPath, signCheckpoint });
  for (let at = 0; at < entries.length; at += 1000) {
    await Promise.all(entries.slice(at, at + 1000).map((each) => log.append(JSON.stringify(each))));
  }
}

const entryOf = (i: number): object => ({
  time: timeOf(i),
  operationName: i % 1000 === 7 ? 'KeyPurge' : 'KeySign',
  resultType: i % 1000 === 7 ? 'Failed' : 'Success',
  httpStatusCode: i % 1000 === 7 ? 403 : 200,
  scope: `/keys/key-${i % 5}`,
  callerIpAddress: i === 300 ? '192.0.2.7' : '10.0.0.1',
});

before(() => {
  mkdirSync(join(data, 'instances', 'dev'), { recursive: true, mode: 0o700 });
  return record(Array.from({ length: COUNT }, (_, i) => entryOf(i)));
});
after(() => rmSync(root, { recursive: true, force: true }));

async function strongroom(...words: string[]): Promise<{ code: number; out: string; err: string }> {
  let [out, err] = ['', ''];
  const terminal = { out: (text: string) => (out += text), err: (text: string) => (err += text) };
  return { code: await dispatch(nounsOf(commands), '0', words, terminal), out, err };
}

async function found(...words: string[]): Promise<{ readonly indexes: readonly number[]; readonly err: string }> {
  const { code, out, err } = await strongroom('audit', ...words, '--data', data, '--json');
  assert.equal(code, 0, err);
  const lines = out.split('\n').filter((line) => line !== '');
  return { indexes: lines.map((line) => (JSON.parse(line) as { index: number }).index), err };
}

const purges = Array.from({ length: 17 }, (_, i) => i * 1000 + 7).filter((i) => i < COUNT);

test('entries are found by the index, newest first, in the order of the log, and those of the tail', async () => {
  assert.deepEqual((await found('search', '--operation', 'keypurge')).indexes, purges.toReversed());
  assert.ok(existsSync(index));
  assert.deepEqual((await found('show', '--outcome', 'refused')).indexes, purges);
  assert.deepEqual((await found('show', '--outcome', '403', '--last', '2')).indexes, purges.slice(-2));
  assert.deepEqual((await found('search', '--text', '192.0.2.7')).indexes, [300]);
  const around = ['--since', timeOf(16_800), '--until', timeOf(16_807), '--scope', '/keys/KEY-2'];
  assert.deepEqual((await found('search', ...around)).indexes, [16_802]);
  assert.deepEqual((await found('search', '--key', 'key-3', '--last', '2')).indexes, [16_898, 16_893]);
  assert.deepEqual((await found('show', '--index', '16007')).indexes, [16_007]);
  assert.deepEqual(
    (await found('show', '--index', '16007', '--operation', 'KeyPurge', '--last', '1')).indexes,
    [16_007],
  );
  assert.deepEqual((await found('show', '--index', '16008', '--operation', 'KeyPurge')).indexes, []);
  const beyond = await strongroom('audit', 'show', '--index', String(COUNT), '--data', data);
  assert.deepEqual([beyond.code, beyond.err.includes(`this log has no entry ${COUNT}`)], [1, true]);
  const text = await strongroom('audit', 'search', '--data', data, '--last', '1', '--operation', 'KeyPurge');
  assert.match(
    text.out,
    /^ +index +time +st +operation +about +caller +address\n +16007 .* 403 {2}KeyPurge +\/keys\/key-2 /,
  );
  const none = await found('search', '--operation', 'KeyPurgee');
  assert.match(none.err, /no entry of this log has the operation 'KeyPurgee'; did you mean KeyPurge\?/);
  assert.equal((await found('search', '--caller', 'nobody')).err, `none of the ${COUNT} entries of this log fits\n`);
  assert.equal((await found('show', '--outcome', '404')).err, `none of the ${COUNT} entries of this log fits\n`);
});

test('an index that was edited is told of, and made anew', async () => {
  await found('search', '--operation', 'KeyPurge');
  {
    using db = new DatabaseSync(index);
    db.exec('DELETE FROM kinds');
  }
  const { indexes, err } = await found('search', '--operation', 'KeyPurge');
  assert.deepEqual(indexes, purges.toReversed());
  assert.match(err, /The index of this log is made anew: somebody has changed it\./);
  assert.equal((await found('search', '--operation', 'KeyPurge')).err, '');
});

test('a copy of a log, and a log whose index cannot be kept, are read entry by entry', async () => {
  const copy = join(root, 'copy');
  cpSync(folder, copy, { recursive: true });
  const { code, out } = await strongroom('audit', 'search', '--log', copy, '--operation', 'KeyPurge', '--json');
  assert.deepEqual([code, out.trim().split('\n').length], [0, purges.length]);
  assert.deepEqual(
    readdirSync(join(data, 'index')).filter((name) => !name.startsWith(ID)),
    [],
  );
  rmSync(join(data, 'index'), { recursive: true });
  mkdirSync(join(data, 'index'));
  chmodSync(join(data, 'index'), 0o777);
  const { indexes, err } = await found('search', '--operation', 'KeyPurge');
  assert.deepEqual(indexes, purges.toReversed());
  assert.match(err, /Every entry is read, as there is no index: others may write to .*index/);
  rmSync(join(data, 'index'), { recursive: true });
});

test('tail shows the last ones that fit, and then each that comes', async () => {
  const main = join(import.meta.dirname, '../../main.ts');
  const words = ['audit', 'tail', '--data', data, '--operation', 'KeyPurge', '--last', '2', '--json'];
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', main, ...words], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    let text = '';
    let recorded = false;
    for await (const [chunk] of on(child.stdout, 'data') as AsyncIterable<[Buffer]>) {
      text += chunk.toString();
      const lines = text.split('\n').slice(0, -1);
      if (lines.length >= 2 && !recorded) {
        recorded = true;
        await record([entryOf(1), { ...entryOf(7), scope: '/keys/newest' }, entryOf(2)]);
      }
      if (lines.length < 3) continue;
      const shown = lines.map((line) => JSON.parse(line) as { index: number; scope: string });
      assert.deepEqual(
        shown.map((each) => each.index),
        [...purges.slice(-2), COUNT + 1],
      );
      assert.equal(shown[2]?.scope, '/keys/newest');
      return;
    }
    assert.fail('it has ended');
  } finally {
    child.kill('SIGKILL');
  }
});

test('a filter that says nothing, or options that exclude each other, are told with the code for it', async () => {
  const wrong = async (...words: string[]): Promise<string> => {
    const { code, err } = await strongroom('audit', 'search', '--data', data, ...words);
    assert.equal(code, 2, err);
    return err;
  };
  assert.match(await wrong('--outcome', 'maybe'), /--outcome must be success, refused, failed or a status such as 403/);
  assert.match(await wrong('--until', 'tomorrow'), /--until must be a time such as/);
  assert.match(await wrong('--scope', 'keys'), /--scope must be \/, \/keys or \/keys\/NAME/);
  assert.match(await wrong('--text', 'x'.repeat(1001)), /--text must have 1 to 250 characters/);
  assert.match(await wrong('--as', 'alice', '--management'), /--as asks an instance for its own log/);
  assert.match(await wrong('--ca', 'ca.pem'), /--ca goes with --url/);
  const { err } = await strongroom('audit', 'search', '--url', 'https://x.example', '--as', 'alice');
  assert.match(err, /known to its own instances alone: leave out --url, or say --as az/);
  assert.match(await wrong('--url', 'https://x.example', '--management'), /--url asks an instance for its own log/);
});
