import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Base, chooseBase, makeThrowAwayFolder } from './folder.ts';

const MIB = 2 ** 20;
const memory: Base = { path: '/dev/shm', inMemory: true, free: 64 * MIB };
const disk: Base = { path: '/tmp', inMemory: false, free: 1000 * MIB };
const memoryToo: Base = { path: '/run/user', inMemory: true, free: 500 * MIB };

test('memory is taken where it has room, wherever it is', () => {
  assert.equal(chooseBase([memory, disk], { needs: MIB, onDisk: true }), '/dev/shm');
  assert.equal(chooseBase([memory, disk, memoryToo], { needs: 100 * MIB, onDisk: true }), '/run/user');
});

test('a disk is taken only by those who said so', () => {
  assert.throws(
    () => chooseBase([memory, disk], { needs: 100 * MIB, onDisk: false }),
    /no file system in memory with 100 MiB free, of \/dev\/shm \(memory\) and \/tmp \(a disk\): enlarge .*--on-disk/,
  );
  assert.throws(() => chooseBase([disk], { needs: MIB, onDisk: false }), /no file system in memory/);
  assert.equal(chooseBase([memory, disk], { needs: 100 * MIB, onDisk: true }), '/tmp');
});

test('where nothing has room, that is said', () => {
  assert.throws(
    () => chooseBase([memory, disk], { needs: 2000 * MIB, onDisk: true }),
    /neither memory nor disk has 2000 MiB/,
  );
});

test('what is wiped is what lies in the folder, not what links in it lead to', () => {
  const elsewhere = mkdtempSync(join(tmpdir(), 'strongroom-elsewhere-'));
  try {
    mkdirSync(join(elsewhere, 'module'));
    writeFileSync(join(elsewhere, 'module/seal.key'), 'of another instance');
    const folder = makeThrowAwayFolder({ needs: 1, onDisk: true });
    mkdirSync(join(folder.path, 'module'));
    writeFileSync(join(folder.path, 'module/seal.key'), 'its own');
    symlinkSync(elsewhere, join(folder.path, 'x'));
    for (const name of ['round', 'about']) symlinkSync('.', join(folder.path, name));
    folder[Symbol.dispose]();
    assert.throws(() => readFileSync(join(folder.path, 'module/seal.key')), { code: 'ENOENT' });
    assert.equal(readFileSync(join(elsewhere, 'module/seal.key'), 'utf8'), 'of another instance');
  } finally {
    rmSync(elsewhere, { recursive: true });
  }
});

test('folders are made and go while another process clears up what killed ones have left', async () => {
  const base = mkdtempSync(join(tmpdir(), 'strongroom-bases-'));
  const module = new URL('./folder.ts', import.meta.url).href;
  const script = `
    import { removeLeftovers } from ${JSON.stringify(module)};
    process.stdin.once('end', () => process.exit()).resume();
    console.log('begins');
    setInterval(() => { for (let times = 0; times < 20; times++) removeLeftovers(Date.now(), [${JSON.stringify(base)}]); });
  `;
  const clearing = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', script],
    {
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  );
  const ended = once(clearing, 'exit');
  try {
    await once(clearing.stdout, 'data');
    // One in some hundred meets it; what is thrown is what fails.
    for (let made = 0; made < 3000; made++) makeThrowAwayFolder({ needs: 1, onDisk: true }, [base])[Symbol.dispose]();
  } finally {
    clearing.stdin.end();
    await ended;
    rmSync(base, { recursive: true });
  }
});
