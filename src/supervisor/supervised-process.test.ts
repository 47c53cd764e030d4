import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type ProcessOptions, QUICK_FAILURES, restartDelay, SupervisedProcess } from './supervised-process.ts';

const CHILD = fileURLToPath(new URL('child.fixture.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'strongroom-test-'));
after(() => rmSync(folder, { recursive: true }));

interface Watched {
  readonly child: SupervisedProcess;
  readonly reports: string[];
  readonly log: string;
  /** Resolves at the next start, end or report. */
  next(): Promise<void>;
}

let count = 0;
function supervise(behaviour: string, own: Partial<ProcessOptions> = {}): Watched {
  const log = join(folder, `${count++}.log`);
  const reports: string[] = [];
  let happened = Promise.withResolvers<void>();
  const happen = (): void => {
    happened.resolve();
    happened = Promise.withResolvers<void>();
  };
  const child = new SupervisedProcess({
    label: behaviour,
    program: () => ({ entry: CHILD, args: [behaviour] }),
    log,
    report: (text) => {
      reports.push(text);
      happen();
    },
    ready: happen,
    ...own,
  });
  return { child, reports, log, next: () => happened.promise };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test('a child that says ready serves, and stops when its link ends', async () => {
  const { child, log, reports } = supervise('serves');
  child.start();
  await child.whenReady();
  const { pid } = child;
  assert.ok(pid !== undefined && isAlive(pid));
  await child.stop();
  assert.equal(isAlive(pid), false);
  assert.equal(child.pid, undefined);
  assert.deepEqual(reports, []);
  const { env, cwd } = JSON.parse(readFileSync(log, 'utf8')) as { env: string[]; cwd: string };
  assert.deepEqual(
    env.filter((name) => !['PWD', 'SHLVL', '_', 'OLDPWD', 'NODE_COMPILE_CACHE'].includes(name)),
    [],
    'nothing of our environment reaches a child but where compiled sources are kept',
  );
  assert.equal(cwd, '/');
});

test('a child runs what was compiled beside the sources and nowhere else, and one that is confined not even that', async () => {
  const before = process.env['NODE_COMPILE_CACHE'];
  const beside = fileURLToPath(new URL('../../node_modules/.cache/compiled', import.meta.url));
  const confined = ['--permission', '--allow-fs-read=*', '--allow-net'];
  const cases: readonly (readonly [cache: string, flags: readonly string[], told: boolean])[] = [
    [beside, [], true],
    [beside, confined, false],
    [join(folder, 'compiled'), [], false],
    [`${beside}/../../../elsewhere`, [], false],
    ['node_modules/.cache/compiled', [], false],
  ];
  try {
    for (const [cache, flags, told] of cases) {
      process.env['NODE_COMPILE_CACHE'] = cache;
      const { child, log } = supervise('serves', { program: () => ({ entry: CHILD, args: ['serves'], flags }) });
      child.start();
      await child.whenReady();
      await child.stop();
      const { env } = JSON.parse(readFileSync(log, 'utf8')) as { env: string[] };
      assert.equal(env.includes('NODE_COMPILE_CACHE'), told, `${cache} ${flags.join(' ')}`);
    }
  } finally {
    if (before === undefined) delete process.env['NODE_COMPILE_CACHE'];
    else process.env['NODE_COMPILE_CACHE'] = before;
  }
});

test('a child that is killed is started again and serves', async () => {
  const { child, reports, next } = supervise('serves');
  child.start();
  await child.whenReady();
  const first = child.pid ?? 0;
  const reported = next();
  process.kill(first, 'SIGKILL');
  await reported;
  await child.whenReady();
  assert.notEqual(child.pid, first);
  assert.deepEqual(reports, ['serves was ended by SIGKILL; starting it again']);
  await child.stop();
});

test('a child that cannot start is reported after several tries, and those who wait hear of it', async () => {
  const { child, reports } = supervise('dies');
  child.start();
  await assert.rejects(child.whenReady(), /does not start: it ended with code 3/);
  assert.equal(reports.length, QUICK_FAILURES);
  assert.match(reports.at(-1) ?? '', /failed 5 times in a row, next try in 30 s/);
  await child.stop();
  assert.deepEqual([1, 2, 3, 4, 5, 6].map(restartDelay), [100, 200, 400, 800, 30_000, 30_000]);
});

test('who comes after the last quick failure is told at once, and waits again after a stop and start', async () => {
  let behaviour = 'dies';
  const { child } = supervise('moody', { program: () => ({ entry: CHILD, args: [behaviour] }) });
  child.start();
  const refusal = { name: 'DoesNotStart', message: 'moody does not start: it ended with code 3', log: /\.log$/ };
  await assert.rejects(child.whenReady(), refusal);
  // Long before the next try: nobody is left to wait for it.
  await assert.rejects(child.whenReady(), refusal);
  await child.stop();
  await assert.rejects(child.whenReady(), /moody is not running/);
  behaviour = 'serves';
  child.start();
  await child.whenReady();
  await child.stop();
});

test('after the last quick failure a try that succeeds serves those who wait for it, one that fails tells them', async () => {
  let behaviour = 'dies';
  let starts = 0;
  const begun: PromiseWithResolvers<void>[] = Array.from({ length: 8 }, () => Promise.withResolvers<void>());
  const released: PromiseWithResolvers<void>[] = Array.from({ length: 8 }, () => Promise.withResolvers<void>());
  const { child } = supervise('mends', {
    program: async () => {
      const nth = starts++;
      begun[nth]?.resolve();
      if (nth >= QUICK_FAILURES) await released[nth]?.promise;
      return { entry: CHILD, args: [behaviour] };
    },
    restartAfterMs: () => 0,
  });
  child.start();
  await assert.rejects(child.whenReady(), { name: 'DoesNotStart' });
  await begun[QUICK_FAILURES]?.promise;
  const failing = child.whenReady();
  released[QUICK_FAILURES]?.resolve();
  await assert.rejects(failing, { name: 'DoesNotStart' });
  await begun[QUICK_FAILURES + 1]?.promise;
  const succeeding = child.whenReady();
  behaviour = 'serves';
  released[QUICK_FAILURES + 1]?.resolve();
  await succeeding;
  await child.whenReady();
  await child.stop();
});

test('a child whose link was ended is not said to serve while it is still being killed', async () => {
  const { child } = supervise('does-not-stop');
  child.start();
  await child.whenReady();
  const first = child.pid;
  await child.link?.[Symbol.asyncDispose]();
  assert.equal(child.isReady, false);
  await child.whenReady();
  assert.notEqual(child.pid, first);
  if (child.pid !== undefined) process.kill(child.pid, 'SIGKILL');
  await child.stop();
});

test('a child that talks nonsense on its link is killed and started again', async () => {
  const { child, reports, next } = supervise('talks-nonsense');
  const reported = next();
  child.start();
  await reported;
  await child.stop();
  assert.match(reports[0] ?? '', /^talks-nonsense sent a message that was refused: FrameError/);
});

test('a child that never gets ready is killed and started again', async () => {
  const { child, reports, next } = supervise('never-ready', { readyWithinMs: 400 });
  const reported = next();
  child.start();
  await reported;
  await child.stop();
  assert.match(reports[0] ?? '', /did not get ready within 0.4 s/);
});

test('a child that does not stop is killed after a bounded time', async () => {
  const { child, reports } = supervise('does-not-stop', { stopWithinMs: 300 });
  child.start();
  await child.whenReady();
  const pid = child.pid ?? 0;
  await child.stop();
  assert.equal(isAlive(pid), false);
  assert.deepEqual(reports, ['does-not-stop did not stop within 0.3 s and was killed']);
});

test('a preparation that fails counts as a failed start', async () => {
  const { child, reports, next } = supervise('serves', {
    program: () => Promise.reject(new Error('no port is free')),
  });
  const reported = next();
  child.start();
  await reported;
  await child.stop();
  assert.deepEqual(reports, ['serves could not be prepared: no port is free; starting it again']);
});

test('why a preparation fails is for the machine: who waits hears that it did', async () => {
  const { child, reports } = supervise('serves', {
    program: () => Promise.reject(new Error('cannot read /secret/place')),
    restartAfterMs: () => 0,
  });
  await using _ = child;
  child.start();
  await assert.rejects(child.whenReady(), { message: 'serves does not start: it could not be prepared' });
  assert.match(
    reports[QUICK_FAILURES - 1] ?? '',
    /could not be prepared: cannot read \/secret\/place; it failed 5 times/,
  );
});

test('children end when their supervisor is killed', async () => {
  const parent = spawn(
    process.execPath,
    [
      '--input-type=module',
      '-e',
      `import { spawnChild } from ${JSON.stringify(new URL('../links/spawn-child.ts', import.meta.url).href)};
       import { ready } from ${JSON.stringify(new URL('../links/messages.ts', import.meta.url).href)};
       const { process: child, link } = spawnChild({ entry: ${JSON.stringify(CHILD)}, args: ['serves'] });
       link.on(ready, () => console.log(child.pid));`,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const pid = await new Promise<number>((resolve) => {
    parent.stdout.once('data', (chunk: Buffer) => resolve(Number(chunk.toString())));
  });
  assert.ok(isAlive(pid));
  parent.kill('SIGKILL');
  const end = performance.now() + 60_000;
  while (isAlive(pid) && performance.now() < end) await new Promise((resolve) => setTimeout(resolve, 10));
  assert.equal(isAlive(pid), false);
});

test('children run without core dumps', { skip: process.platform !== 'linux' && 'reads /proc' }, async () => {
  const { child } = supervise('serves');
  child.start();
  await child.whenReady();
  const limits = readFileSync(`/proc/${child.pid}/limits`, 'utf8');
  assert.match(limits, /^Max core file size\s+0\s/m);
  await child.stop();
});
