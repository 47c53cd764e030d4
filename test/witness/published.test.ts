// Our logs and witnesses against what other projects have published for such logs: Tessera's checker, Go's own `tlog`, and the witness
// of transparency-dev with its client (`published/main.go`).
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { cosignedFile, cosignedTime, readCosigned } from '../../src/deployment/cosigned-checkpoints.ts';
import { growLog } from '../../src/formats/grown-log.fixture.ts';
import { openAuditLog } from '../../src/links/recorder/open-audit-log.ts';
import { makePlace, ORIGIN, type Place, signCheckpoint, VKEY } from '../../src/recorder/recorder.fixture.ts';
import { startRecorder } from '../../src/recorder/start-recorder.ts';
import { AcceptedLogs } from '../../src/tools/witness/accepted-logs.ts';
import { makeIdentity } from '../../src/tools/witness/identity.ts';
import { serveWitness } from '../../src/tools/witness/serve.ts';
import { Witnesses } from '../../src/watcher/witnesses/witnesses.ts';
import { runIn } from '../conformance/run-in.ts';
import { skipUnless } from '../system-programs.ts';

const skip = skipUnless('programs of transparency logs');
const PROGRAM = 'strongroom-published';
const env = { PATH: process.env['PATH'] ?? '' };

const published = (...words: readonly string[]) => runIn({ cwd: tmpdir(), env }, PROGRAM, ...words);

async function record(place: Place, count: number, operationName = 'KeySign'): Promise<void> {
  const { folder, socketPath } = place;
  await using _recorder = await startRecorder({ folder, socketPath, origin: ORIGIN, report: assert.fail });
  await using log = await openAuditLog({ socketPath, signCheckpoint });
  for (let from = 0; from < count; from += 2000) {
    const some = Array.from({ length: Math.min(2000, count - from) }, (_, i) => from + i);
    await Promise.all(some.map((number) => log.append(JSON.stringify({ operationName, number }))));
  }
}

test('others verify our logs: every tile, entry and signature, with two and with three levels of tiles', {
  skip,
}, async () => {
  using place = makePlace();
  for (const [more, size] of [
    [300, 300],
    [65_700, 66_000],
  ] as const) {
    await record(place, more);
    const { code, stdout, stderr } = await published('check', place.folder, VKEY);
    assert.equal(code, 0, stderr);
    const said = JSON.parse(stdout) as { size: number; root: string; proofs: number };
    assert.equal(said.size, size);
    assert.equal(said.root, readFileSync(join(place.folder, 'checkpoint'), 'utf8').split('\n')[2]);
    assert.ok(said.proofs > 70);
  }
  const tile = join(place.folder, 'tile/1/000');
  const bytes = readFileSync(tile);
  writeFileSync(tile, Buffer.from(bytes).fill(0, 40, 41));
  assert.notEqual((await published('check', place.folder, VKEY)).code, 0, 'and see what was changed');
  writeFileSync(tile, bytes);
  const [name, , key] = VKEY.split('+');
  const other = await published('check', place.folder, `${name}+00000000+${key}`);
  assert.notEqual(other.code, 0);
});

test('for all growths of small trees others find our proofs right, and no changed one', { skip }, async () => {
  const log = growLog(ORIGIN, 140);
  const claims: { readonly line: string; readonly right: boolean }[] = [];
  for (let newer = 1; newer <= 140; newer += newer < 40 ? 1 : 9) {
    for (let older = 1; older <= newer; older++) {
      const proof = log.proof(older, newer);
      const said = (hashes: readonly Buffer[]): string =>
        JSON.stringify({
          ...{ older, newer },
          roots: [log.root(older).toString('base64'), log.root(newer).toString('base64')],
          proof: hashes.map((each) => each.toString('base64')),
        });
      claims.push({ line: said(proof), right: true });
      if (proof.length > 0) claims.push({ line: said(proof.with(-1, Buffer.alloc(32))), right: false });
    }
  }
  const child = spawn(PROGRAM, ['prove'], { env, stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.end(claims.map(({ line }) => line).join('\n'));
  let out = '';
  for await (const chunk of child.stdout.setEncoding('utf8')) out += String(chunk);
  const { verdicts } = JSON.parse(out) as { verdicts: readonly boolean[] };
  assert.ok(claims.length > 2000);
  assert.deepEqual(
    verdicts,
    claims.map(({ right }) => right),
  );
});

test("another project's witness cosigns our checkpoints as the log grows, and refuses a fork", { skip }, async () => {
  using place = makePlace();
  using at = temporaryFolder();
  await record(place, 270);
  const child = spawn(PROGRAM, ['witness', ORIGIN, VKEY], { env, stdio: ['pipe', 'pipe', 'inherit'] });
  await using _stopped = { [Symbol.asyncDispose]: () => ended(child) };
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const { url, key } = JSON.parse(line.toString()) as { url: string; key: string };
  const bring = async (folder: string) => {
    const asked = Promise.withResolvers<void>();
    const clock = {
      now: Date.now,
      pause: (_ms: number, stopping: AbortSignal): Promise<void> => {
        asked.resolve();
        return once(stopping, 'abort').then(() => undefined);
      },
    };
    const witnesses = new Witnesses({
      ...{ watch: at.folder, witnesses: [{ name: 'published', url, key }], clock },
      cosigned: () => undefined,
    });
    witnesses.update([{ origin: ORIGIN, folder, instance: 'dev', isManagement: false }]);
    await asked.promise;
    const [status] = witnesses.status()[0]?.witnesses ?? [];
    await witnesses[Symbol.asyncDispose]();
    return status;
  };
  for (const [more, size] of [
    [0, 270],
    [400, 670],
    [1, 671],
  ] as const) {
    await record(place, more);
    const status = await bring(place.folder);
    assert.deepEqual([status?.size, status?.lastFailure], [size, undefined]);
  }
  const note = readCosigned(cosignedFile(at.folder, ORIGIN)).checkpoints[key] ?? '';
  assert.ok(cosignedTime(note, { origin: ORIGIN, keys: [key], now: Math.floor(Date.now() / 1000) }) !== undefined);
  // Nothing kept: the size is told, and another history is found out.
  rmSync(at.folder, { recursive: true });
  assert.equal((await bring(place.folder))?.size, 671);
  using other = makePlace();
  await record(other, 700, 'KeyHide');
  assert.equal((await bring(other.folder))?.contradicted, true);
});

test("another project's client gets our witness's cosignature, and takes it for right", { skip }, async () => {
  using place = makePlace();
  using at = temporaryFolder();
  await record(place, 258);
  const identity = makeIdentity(at.folder, 'witness.example.org/ours');
  new AcceptedLogs(at.folder, identity).add(ORIGIN, VKEY, new Date());
  await using serving = await serveWitness({ folder: at.folder, host: '127.0.0.1', port: 0, report: () => undefined });
  const submit = async (folder: string, known: number): Promise<unknown> => {
    const url = `http://127.0.0.1:${serving.port}`;
    const { code, stdout, stderr } = await published('submit', folder, VKEY, url, identity.vkey, String(known));
    assert.equal(code, 0, stderr);
    return JSON.parse(stdout);
  };
  assert.deepEqual(await submit(place.folder, 0), { outcome: 'cosigned', size: 258, signatures: 2 });
  assert.deepEqual(await submit(place.folder, 0), { outcome: 'stale', size: 258 });
  assert.deepEqual(await submit(place.folder, 258), { outcome: 'cosigned', size: 258, signatures: 2 });
  using other = makePlace();
  await record(other, 258, 'KeyHide');
  assert.deepEqual(await submit(other.folder, 258), { outcome: 'roots do not match' });
  await record(place, 300);
  assert.deepEqual(await submit(place.folder, 258), { outcome: 'cosigned', size: 558, signatures: 2 });
  await record(other, 400, 'KeyHide');
  assert.deepEqual(await submit(other.folder, 558), { outcome: 'consistency proof invalid' });
});

function temporaryFolder() {
  const folder = mkdtempSync(join(tmpdir(), 'published-'));
  return { folder, [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }) };
}

async function ended(child: ChildProcess): Promise<void> {
  child.stdin?.end();
  if (child.exitCode === null) await once(child, 'exit');
}
