// A throw-away instance leaves nothing behind: not when it is let go of, not when something fails, not when whoever started
// it, or it itself, is killed.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { openThrowAway, type ThrowAway } from '../../src/cli/throw-away.ts';
import { isAlive, killAll, treeOf } from '../support/process-tree.ts';
import { leftFolders } from '../support/throw-away-folders.ts';

const ADMINISTRATOR = '11111111-2222-4333-8444-555555555555';
const NEEDS = 1_000_000;
const open = (): Promise<ThrowAway> =>
  openThrowAway({ name: 'rehearsal-1', administrator: ADMINISTRATOR, needs: NEEDS });

/** The process that owns the instance: a child of this one with that folder's lock. */
function ownerOf({ folder }: ThrowAway): number {
  return Number(readFileSync(join(folder, 'supervisor.pid'), 'utf8'));
}

async function untilGone(folder: string, pids: readonly number[]): Promise<void> {
  for (const end = performance.now() + 90_000; existsSync(folder) || pids.some(isAlive); await delay(20)) {
    assert.ok(performance.now() < end, `${folder} or its processes are still there`);
  }
}

/** Inodes of TCP sockets that listen, on any address. */
function listeningInodes(): ReadonlySet<string> {
  const lines = ['tcp', 'tcp6'].flatMap((name) => readFileSync(`/proc/net/${name}`, 'utf8').split('\n').slice(1));
  const words = lines.map((line) => line.trim().split(/\s+/));
  return new Set(words.filter((each) => each[3] === '0A').map((each) => each[9] ?? ''));
}

function socketsOf(pid: number): readonly string[] {
  return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? [];
    } catch {
      return []; // closed meanwhile
    }
  });
}

test('it serves its caller over a socket in a private folder, has no other listener, and is gone when let go of', async () => {
  await using instance = await open();
  const { folder } = instance;
  assert.equal(lstatSync(folder).mode & 0o777, 0o700);
  const pids = treeOf(ownerOf(instance));
  assert.ok(pids.length >= 4, 'owner, recorder, service and module are processes of their own');
  const listening = listeningInodes();
  assert.deepEqual(
    pids.flatMap(socketsOf).filter((inode) => listening.has(inode)),
    [],
  );
  await assert.rejects(instance.ask('GET', '/keys?api-version=7.6'), /403 Forbidden: The HSM is not activated/);
  await instance[Symbol.asyncDispose]();
  assert.equal(existsSync(folder), false);
  assert.deepEqual(pids.filter(isAlive), []);
});

test('a second one beside it is left alone', async () => {
  await using first = await open();
  await using second = await open();
  assert.notEqual(first.folder, second.folder);
  await assert.rejects(first.ask('GET', '/keys?api-version=7.6'), /not activated/);
});

test('Ctrl-C and SIGTERM end it as well as letting go does', async () => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    await using instance = await open();
    const pids = treeOf(ownerOf(instance));
    process.kill(ownerOf(instance), signal);
    await untilGone(instance.folder, pids);
  }
});

test('one of its processes dies: the caller is told, and nothing stays', async () => {
  await using instance = await open();
  const owner = ownerOf(instance);
  const service =
    treeOf(owner).find((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('service/main.ts')) ?? 0;
  const pids = treeOf(owner);
  process.kill(service, 'SIGKILL');
  await untilGone(instance.folder, pids);
  await assert.rejects(
    instance.ask('GET', '/keys?api-version=7.6'),
    /ended early: throw-away: the service ended early/,
  );
});

test('whoever started it is killed: it goes by itself', async () => {
  const { child, folder } = await startElsewhere();
  const pids = treeOf(child.pid ?? 0);
  assert.ok(pids.length >= 5);
  child.kill('SIGKILL');
  await untilGone(folder, pids);
});

test('it is killed itself: its folder stays until the next one is opened, which wipes it', async () => {
  const { child, folder } = await startElsewhere();
  await killAll(treeOf(child.pid ?? 0));
  assert.ok(existsSync(folder), 'nobody was left to remove it');
  await using next = await open();
  assert.notEqual(next.folder, folder);
  assert.equal(existsSync(folder), false);
});

test('folders of the same name that may be of others, or are being made, are not touched', async () => {
  const base = mkdtempSync(join(tmpdir(), 'strongroom-making-'));
  const shared = join(tmpdir(), `strongroom-throw-away-shared-${process.pid}`);
  mkdirSync(shared, { mode: 0o755 });
  try {
    await using _instance = await open();
    assert.ok(existsSync(base), 'made a moment ago');
    assert.ok(existsSync(shared), 'others can enter it');
  } finally {
    for (const path of [base, shared]) rmSync(path, { recursive: true });
  }
});

test('without room it does not start, says so, and leaves nothing', async () => {
  const opening = openThrowAway({ name: 'rehearsal-1', administrator: ADMINISTRATOR, needs: 2 ** 60 });
  await assert.rejects(opening, /did not start: throw-away: there is no file system in memory with \d+ MiB free/);
  const nameless = openThrowAway({ name: '?', administrator: ADMINISTRATOR, needs: NEEDS });
  await assert.rejects(nameless, /did not start: throw-away: /);
  for (const end = performance.now() + 90_000; leftFolders().length > 0; await delay(20)) {
    assert.ok(performance.now() < end, leftFolders().join());
  }
});

/** Opened by a process that can be killed. */
async function startElsewhere(): Promise<{ readonly child: ChildProcess; readonly folder: string }> {
  const module = new URL('../../src/cli/throw-away.ts', import.meta.url).href;
  const script = `
    import { openThrowAway } from ${JSON.stringify(module)};
    const opened = await openThrowAway({ name: 'rehearsal-1', administrator: '${ADMINISTRATOR}', needs: ${NEEDS} });
    console.log(opened.folder);
    setInterval(() => {}, 1000);`;
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', script],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const [folder] = (await once(child.stdout, 'data')) as [Buffer];
  return { child, folder: folder.toString().trim() };
}
