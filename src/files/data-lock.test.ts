import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { lockHolder, takeDataLock } from './data-lock.ts';

const root = mkdtempSync(join(tmpdir(), 'strongroom-test-'));
after(() => rmSync(root, { recursive: true }));

/** Another process that takes the lock and holds it. */
async function holder(): Promise<ChildProcess> {
  const script = `
    import { takeDataLock } from ${JSON.stringify(new URL('data-lock.ts', import.meta.url).href)};
    globalThis.lock = takeDataLock(${JSON.stringify(root)});
    console.log(globalThis.lock === undefined ? 'refused' : 'taken');
    setInterval(() => {}, 1000);`;
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', script],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const [said] = (await once(child.stdout as NodeJS.ReadableStream, 'data')) as [Buffer];
  assert.equal(said.toString().trim(), 'taken');
  return child;
}

test('a data directory is taken once, and free again when given back', () => {
  assert.equal(lockHolder(root), undefined);
  {
    using lock = takeDataLock(root);
    assert.ok(lock !== undefined);
    assert.equal(lockHolder(root), process.pid);
    assert.equal(takeDataLock(root), undefined);
    assert.equal(lockHolder(root), process.pid, 'a refused attempt changes nothing');
  }
  assert.equal(lockHolder(root), undefined);
});

test('another process that holds it is named, and its lock dies with it', async () => {
  const child = await holder();
  assert.equal(takeDataLock(root), undefined);
  assert.equal(lockHolder(root), child.pid);
  child.kill('SIGKILL');
  await once(child, 'exit');
  assert.equal(lockHolder(root), undefined, 'the pid file is still there, the lock is not');
  using lock = takeDataLock(root);
  assert.ok(lock !== undefined);
});
