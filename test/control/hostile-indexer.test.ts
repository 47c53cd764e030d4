// An indexer in the hands of an attacker, started exactly as the real one. It has SQLite, which asks no permission model, so it is
// to have nothing that what SQLite gets at could leave by.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { places } from '../../src/deployment/data-layout.ts';
import { indexerProgram } from '../../src/supervisor/indexer-process.ts';
import { attempted, READS } from './hostile-targets.ts';

const FIXTURE = fileURLToPath(new URL('hostile-indexer.fixture.ts', import.meta.url));
/** What the threat model says that it can do. */
const BY_SQLITE = /^(database|attach) /;

const at = places(realpathSync(mkdtempSync(join(tmpdir(), 'hostile-indexer-'))));
const dev = at.instance('dev');
const [byPort, bySocket] = [createServer((_, answer) => answer.end()), createServer()];
let report: Readonly<Record<string, string>>;

before(async () => {
  const secret = [dev.tlsKey, join(dev.module, 'root-key'), join(dev.store, 'wrapped.db'), join(at.control, 'key.pem')];
  const files = [join(dev.audit, 'checkpoint'), join(at.management.audit, 'checkpoint'), ...secret];
  for (const path of files) {
    mkdirSync(join(path, '..'), { recursive: true, mode: 0o700 });
    writeFileSync(path, 'its content');
  }
  const program = indexerProgram(at, ['dev'], FIXTURE);
  const socket = join(at.root, 's.sock');
  await Promise.all([
    new Promise<void>((resolve) => byPort.listen(0, '127.0.0.1', resolve)),
    new Promise<void>((resolve) => bySocket.listen(socket, resolve)),
  ]);
  const { port } = byPort.address() as { port: number };
  const folders = [dev.root, dev.audit, dev.module, dev.store, at.instances, at.control, at.root, '/tmp'];
  const targets = { files: [...files, ...folders, '/etc/passwd'], port, socket, pids: [] };
  report = await attempted(program, at.index, targets);
});
after(() => {
  for (const each of [byPort, bySocket]) each.close();
  rmSync(at.root, { recursive: true, force: true });
});

test('opens no socket of any kind', () => {
  const network = Object.entries(report).filter(([what]) => what.startsWith('network'));
  assert.equal(network.length, 7);
  assert.deepEqual(
    network.filter(([, outcome]) => outcome !== 'ERR_ACCESS_DENIED'),
    [],
  );
});

test('reads logs, and gets at no other file but by SQLite, and at no process, thread or native code', () => {
  const logs = [dev.audit, at.management.audit];
  const isReadable = (path: string): boolean => logs.some((folder) => path === folder || path.startsWith(`${folder}/`));
  const beyond = Object.entries(report).filter(
    ([what, outcome]) =>
      outcome === 'done' && !BY_SQLITE.test(what) && !(READS.test(what) && isReadable(what.replace(READS, ''))),
  );
  assert.deepEqual(beyond, []);
  assert.ok(Object.entries(report).filter(([, outcome]) => outcome === 'done').length > 8, 'it does read logs');
  assert.ok(Object.keys(report).length > 150, 'it tried');
});
