import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { MAX_ADD_CHECKPOINT } from '../../formats/add-checkpoint.ts';
import { type GrownLog, growLog } from '../../formats/grown-log.fixture.ts';
import { call } from '../../http/outbound.ts';
import { AcceptedLogs } from './accepted-logs.ts';
import { makeIdentity, readIdentity } from './identity.ts';
import { serveWitness } from './serve.ts';

const log = growLog('strongroom/one', 400);

function makeWitness(...accepted: readonly GrownLog[]) {
  const folder = mkdtempSync(join(tmpdir(), 'witness-'));
  const logs = new AcceptedLogs(folder, makeIdentity(folder, 'witness.example.org'));
  for (const each of accepted) logs.add(each.origin, each.vkey, new Date());
  return { folder, logs, [Symbol.dispose]: () => rmSync(folder, { recursive: true }) };
}

function post(port: number, body: string | Uint8Array, path = '/add-checkpoint', method = 'POST') {
  return call({ url: new URL(`http://127.0.0.1:${port}${path}`), method, body, withinMs: 60_000 }, 1 << 20);
}

const listen = { host: '127.0.0.1', port: 0 };

test('it is served over HTTP; what is no checkpoint is refused, and a second process too', async () => {
  using witness = makeWitness(log);
  const said: string[] = [];
  const options = { ...listen, folder: witness.folder, report: (line: string) => void said.push(line) };
  await using serving = await serveWitness(options);
  const { port } = serving;
  await assert.rejects(serveWitness(options), /another process serves/);
  assert.equal((await post(port, log.request(0, 5))).status, 200);
  const stale = await post(port, log.request(0, 7));
  assert.deepEqual(
    [stale.status, stale.headers['content-type'], stale.body.toString()],
    [409, 'text/x.tlog.size', '5\n'],
  );
  assert.equal((await post(port, log.request(5, 7), '/other')).status, 404);
  const got = await call({ url: new URL(`http://127.0.0.1:${port}/add-checkpoint`), withinMs: 60_000 }, 1000);
  assert.deepEqual([got.status, got.headers.allow], [405, 'POST']);
  assert.equal((await post(port, Buffer.from([0xff, 0xfe]))).status, 400);
  assert.equal((await post(port, 'x'.repeat(MAX_ADD_CHECKPOINT + 1))).status, 400);
  assert.deepEqual(said, []);
  assert.equal((await post(port, log.fork(3).request(5, 9))).status, 422);
  assert.match(said[0] ?? '', /^refused 422: strongroom\/one, 9 entries/);
});

test('of histories that are brought at once one is cosigned', async () => {
  using witness = makeWitness(log);
  await using serving = await serveWitness({ ...listen, folder: witness.folder, report: assert.fail });
  assert.equal((await post(serving.port, log.request(0, 10))).status, 200);
  const histories = [log, ...Array.from({ length: 7 }, (_, i) => log.fork(10 + i))];
  for (let size = 40, older = 10; size <= 400; older = size, size += 40) {
    const answers = await Promise.all(
      histories.flatMap((each) => [0, 1].map(async () => (await post(serving.port, each.request(older, size))).status)),
    );
    // The same one may be brought twice: then the second is told the new size.
    assert.equal(answers.filter((status) => status === 200).length, 1, String(answers));
    const { root } = witness.logs.get(log.origin) ?? {};
    const winner = histories.find((each) => root?.equals(each.root(size)));
    assert.ok(winner !== undefined);
    histories.splice(0, histories.length, winner, ...Array.from({ length: 7 }, (_, i) => winner.fork(size + i)));
  }
});

test('killed at any moment it knows at its next start all that it has cosigned', { timeout: 300_000 }, async () => {
  using witness = makeWitness(log);
  const program = join(import.meta.dirname, '../../cli/main.ts');
  let known = 0;
  let cosigned = 0;
  for (let round = 0; round < 6; round++) {
    const child = spawn(process.execPath, [program, 'witness', 'serve', witness.folder, '--port', '0'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const gone = once(child, 'exit');
    const [first] = (await once(child.stdout, 'data')) as [Buffer];
    const port = Number(/:(\d+)\//.exec(first.toString())?.[1]);
    const answered = Promise.withResolvers<void>();
    const submit = async (): Promise<void> => {
      for (let size = known + 1; size <= 400; size++) {
        const { status } = await post(port, log.request(known, size));
        assert.equal(status, 200);
        known = size;
        cosigned += 1;
        if (cosigned % 7 === round) answered.resolve();
      }
    };
    const submitting = submit().catch(() => answered.resolve());
    await answered.promise;
    child.kill('SIGKILL');
    await Promise.all([gone, submitting]);
    const { size = -1, root } = new AcceptedLogs(witness.folder, readIdentity(witness.folder)).get(log.origin) ?? {};
    // One that was under way may have been cosigned without an answer.
    assert.ok(size === known || size === known + 1, `${size}, ${known} was answered`);
    assert.ok(root?.equals(log.root(size)));
    known = size;
  }
  assert.ok(cosigned > 6);
});
