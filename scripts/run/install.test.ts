import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';

const LOCK = {
  packages: {
    '': { name: 'x' },
    'node_modules/a': { version: '1.0.0', integrity: 'sha512-a' },
    'node_modules/b': { version: '2.0.0', integrity: 'sha512-b', optional: true },
  },
};
const base = mkdtempSync(join(tmpdir(), 'strongroom-test-'));
after(() => rmSync(base, { recursive: true }));

/** A checkout with our launcher, and an npm that only does what a test needs. */
function checkout(npm: string, name: string): { root: string; path: string } {
  const root = join(base, name);
  const files: Record<string, string> = {
    'package.json': '{"type":"module"}',
    'package-lock.json': JSON.stringify(LOCK),
    'program.mjs': 'console.log(JSON.stringify(process.argv.slice(2))); process.exitCode = 7;',
    'bin/npm': `#!/bin/sh\necho "npm $*" >> "${root}/calls"\n${npm}\n`,
  };
  for (const file of [
    'run.mjs',
    ...['install', 'installer', 'install-lock', 'launch', 'matches-lock'].map((name) => `run/${name}.mjs`),
  ]) {
    files[`scripts/${file}`] = readFileSync(join(import.meta.dirname, '..', file), 'utf8');
  }
  for (const [file, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), content);
  }
  chmodSync(join(root, 'bin/npm'), 0o755);
  return { root, path: `${join(root, 'bin')}:${process.env['PATH']}` };
}

/** What the real npm leaves, the pinned Node being the one that runs this test. */
const INSTALLS = `mkdir -p node_modules/node/bin && ln -sf ${process.execPath} node_modules/node/bin/node
cp package-lock.json node_modules/.package-lock.json`;

function run({ root, path }: { root: string; path: string }, ...args: string[]) {
  const env = { ...process.env, PATH: path };
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'scripts/run.mjs'), ...args], {
    env,
    encoding: 'utf8',
  });
  const calls = existsSync(join(root, 'calls')) ? readFileSync(join(root, 'calls'), 'utf8').trim().split('\n') : [];
  return { status, stdout, stderr, calls };
}

test('the first run installs, says so on standard error, and passes arguments and exit code through', () => {
  const at = checkout(INSTALLS, 'first');
  const { status, stdout, stderr, calls } = run(at, 'program.mjs', '--flag', 'a b');
  assert.equal(status, 7);
  assert.equal(stdout, '["--flag","a b"]\n');
  assert.match(stderr, /installing what package-lock.json lists/);
  assert.deepEqual(calls, ['npm ci --no-audit --no-fund --loglevel=error']);
  assert.deepEqual(run(at, 'program.mjs').calls, calls, 'the second run installs nothing');
});

test('a changed lock file is installed; one that npm has installed by hand is not', () => {
  const at = checkout(INSTALLS, 'changed');
  run(at, 'program.mjs');
  const changed = JSON.stringify({ ...LOCK, packages: { ...LOCK.packages, 'node_modules/c': { version: '1.0.0' } } });
  writeFileSync(join(at.root, 'package-lock.json'), changed);
  assert.equal(run(at, 'program.mjs').calls.length, 2);
  rmSync(join(at.root, 'node_modules/.strongroom-lock-hash'));
  assert.equal(run(at, 'program.mjs').calls.length, 2);
});

test('an install that differs from the lock file in one version or one file hash is not taken for it', () => {
  for (const [name, entry] of Object.entries({
    version: { version: '1.0.1', integrity: 'sha512-a' },
    integrity: { version: '1.0.0', integrity: 'sha512-z' },
  })) {
    const at = checkout(INSTALLS, `differs-${name}`);
    run(at, 'program.mjs');
    rmSync(join(at.root, 'node_modules/.strongroom-lock-hash'));
    const record = { packages: { ...LOCK.packages, 'node_modules/a': entry } };
    writeFileSync(join(at.root, 'node_modules/.package-lock.json'), JSON.stringify(record));
    assert.equal(run(at, 'program.mjs').calls.length, 2, name);
  }
});

test('what runs the service comes without the tools; what needs them adds them and removes nothing', () => {
  // An npm that leaves out packages for development when it is told to.
  const npm = `mkdir -p node_modules/node/bin && ln -sf ${process.execPath} node_modules/node/bin/node
case "$*" in *--omit=dev*) cp runtime.json node_modules/.package-lock.json ;; *) cp package-lock.json node_modules/.package-lock.json ;; esac`;
  const at = checkout(npm, 'runtime');
  const whole = { packages: { ...LOCK.packages, 'node_modules/tool': { version: '3.0.0', dev: true } } };
  writeFileSync(join(at.root, 'package-lock.json'), JSON.stringify(whole));
  writeFileSync(join(at.root, 'runtime.json'), JSON.stringify(LOCK));
  mkdirSync(join(at.root, 'src'));
  writeFileSync(join(at.root, 'src/program.mjs'), '');
  assert.deepEqual(run(at, 'src/program.mjs').calls, ['npm ci --omit=dev --no-audit --no-fund --loglevel=error']);
  assert.equal(run(at, 'src/program.mjs').calls.length, 1);
  assert.equal(run(at, 'program.mjs').calls[1], 'npm install --no-save --no-audit --no-fund --loglevel=error');
  for (const program of ['program.mjs', 'src/program.mjs']) assert.equal(run(at, program).calls.length, 2);
  // Installed by hand without the tools: enough for the service.
  rmSync(join(at.root, 'node_modules/.strongroom-lock-hash'));
  writeFileSync(join(at.root, 'node_modules/.package-lock.json'), JSON.stringify(LOCK));
  assert.equal(run(at, 'src/program.mjs').calls.length, 2);
});

test('an optional package of another platform may be missing, any other may not', () => {
  const at = checkout(INSTALLS, 'optional');
  run(at, 'program.mjs');
  for (const [missing, installs] of [
    ['node_modules/b', 1],
    ['node_modules/a', 2],
  ] as const) {
    rmSync(join(at.root, 'node_modules/.strongroom-lock-hash'));
    const { [missing]: _, ...rest } = LOCK.packages;
    writeFileSync(join(at.root, 'node_modules/.package-lock.json'), JSON.stringify({ packages: rest }));
    assert.equal(run(at, 'program.mjs').calls.length, installs, missing);
  }
});

test('when npm skips install scripts, the one that fetches Node is run by hand', () => {
  const at = checkout(
    `mkdir -p node_modules/node && cp package-lock.json node_modules/.package-lock.json
     echo 'const fs = require("fs"); fs.mkdirSync("bin"); fs.symlinkSync(${JSON.stringify(process.execPath)}, "bin/node");' > node_modules/node/installArchSpecificPackage.js`,
    'skipped',
  );
  mkdirSync(join(at.root, 'node_modules/node'), { recursive: true });
  writeFileSync(join(at.root, 'node_modules/node/package.json'), '{"type":"commonjs"}');
  const { status, stderr } = run(at, 'program.mjs');
  assert.match(stderr, /fetching the pinned Node/);
  assert.equal(status, 7);
});

test('a failing or missing npm ends with a sentence, not a stack', () => {
  const failing = run(checkout('exit 3', 'failing'), 'program.mjs');
  assert.equal(failing.status, 1);
  assert.match(
    failing.stderr,
    /'npm ci --no-audit --no-fund --loglevel=error' ended with code 3; what it said is above/,
  );
  assert.doesNotMatch(failing.stderr, /registry/);
  assert.doesNotMatch(failing.stderr, /at .*mjs/);
  const { root } = checkout('', 'missing');
  rmSync(join(root, 'bin/npm'));
  const missing = run({ root, path: join(root, 'bin') }, 'program.mjs');
  assert.equal(missing.status, 1);
  assert.match(missing.stderr, /'npm' is not on the PATH/);
});

test('the network is blamed for what npm says of the network, and for nothing else', () => {
  const offline = run(checkout('echo "npm error code EAI_AGAIN" >&2; exit 1', 'offline'), 'program.mjs');
  assert.match(offline.stderr, /npm error code EAI_AGAIN\n.*\(EAI_AGAIN\): the first start needs the npm registry/);
  const full = run(checkout('echo "npm error code ENOTEMPTY" >&2; exit 1', 'full'), 'program.mjs');
  assert.match(full.stderr, /\(ENOTEMPTY\); what it said is above/);
  assert.doesNotMatch(full.stderr, /registry/);
});

/** A process that has ended may still be listed until its parent has looked. */
function isRunning(pid: number): boolean {
  const state = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' }).stdout.trim();
  return state !== '' && !state.startsWith('Z');
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  test(`${signal} while npm installs ends npm and what it has started, and leaves no lock`, async () => {
    const at = checkout('sleep 1000 & echo "$$ $!" >&2; wait', `interrupted-${signal}`);
    const child = spawn(process.execPath, [join(at.root, 'scripts/run.mjs'), 'program.mjs'], {
      env: { ...process.env, PATH: at.path },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let pids: number[] = [];
    for await (const chunk of child.stderr as AsyncIterable<Buffer>) {
      pids = /^(\d+) (\d+)$/m.exec(chunk.toString())?.slice(1).map(Number) ?? [];
      if (pids.length > 0) break;
    }
    child.kill(signal);
    assert.deepEqual(await once(child, 'exit'), [null, signal]);
    assert.equal(pids.length, 2);
    while (pids.some(isRunning)) await new Promise((resolve) => setTimeout(resolve, 10));
    assert.equal(existsSync(join(at.root, '.npm-install-lock')), false);
  });
}

test('a second start waits for the install of the first', async () => {
  const at = checkout(`sleep 0.5\n${INSTALLS}`, 'together');
  const start = () =>
    spawn(process.execPath, [join(at.root, 'scripts/run.mjs'), 'program.mjs'], {
      env: { ...process.env, PATH: at.path },
      stdio: 'ignore',
    });
  const ends = await Promise.all([start(), start()].map((child) => once(child, 'exit')));
  assert.deepEqual(ends, [
    [7, null],
    [7, null],
  ]);
  assert.equal(readFileSync(join(at.root, 'calls'), 'utf8'), 'npm ci --no-audit --no-fund --loglevel=error\n');
});

test('a lock left by an install that died is taken over, with or without its pid', async () => {
  const bare = checkout(INSTALLS, 'bare');
  mkdirSync(join(bare.root, '.npm-install-lock'));
  utimesSync(join(bare.root, '.npm-install-lock'), 1, 1);
  assert.equal(run(bare, 'program.mjs').status, 7);
  const held = checkout(INSTALLS, 'held');
  mkdirSync(join(held.root, '.npm-install-lock'));
  const npm = spawn('sleep', ['1000']);
  writeFileSync(join(held.root, '.npm-install-lock/pid'), `${spawnSync('true').pid}\n${npm.pid}`);
  const waiting = spawn(process.execPath, [join(held.root, 'scripts/run.mjs'), 'program.mjs'], {
    env: { ...process.env, PATH: held.path },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const [said] = (await once(waiting.stderr, 'data')) as [Buffer];
  assert.match(said.toString(), /waiting for another start/, 'an npm that has outlived its start is waited for');
  npm.kill();
  assert.deepEqual(await once(waiting, 'exit'), [7, null]);
  const at = checkout(INSTALLS, 'stale');
  const dead = spawnSync(process.execPath, ['-e', '']).pid;
  mkdirSync(join(at.root, '.npm-install-lock'));
  writeFileSync(join(at.root, '.npm-install-lock/pid'), String(dead));
  assert.equal(run(at, 'program.mjs').status, 7);
});

test('signals reach the program, and its death by one is ours', async () => {
  const at = checkout(INSTALLS, 'signals');
  writeFileSync(
    join(at.root, 'waits.mjs'),
    `process.once('SIGINT', () => { console.log('SIGINT'); }); setInterval(() => {}, 1000); console.log(process.pid);`,
  );
  const child = spawn(process.execPath, [join(at.root, 'scripts/run.mjs'), 'waits.mjs'], {
    env: { ...process.env, PATH: at.path },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  await once(child.stdout, 'data');
  child.kill('SIGINT');
  const [said] = (await once(child.stdout, 'data')) as [Buffer];
  assert.equal(said.toString(), 'SIGINT\n');
  child.kill('SIGTERM');
  assert.deepEqual(await once(child, 'exit'), [null, 'SIGTERM']);
});

test('the shell script starts the pinned Node as the launcher does, and leaves to that one what is to be installed', () => {
  const at = checkout(INSTALLS, 'script');
  const main = join(at.root, 'src/cli/main.ts');
  const tell = `const { NODE_COMPILE_CACHE } = process.env;
console.log(JSON.stringify([process.execArgv, NODE_COMPILE_CACHE, process.argv.slice(2), process.ppid]));`;
  mkdirSync(dirname(main), { recursive: true });
  writeFileSync(main, tell);
  const script = join(at.root, 'strongroom');
  writeFileSync(script, readFileSync(join(import.meta.dirname, '../../strongroom')));
  chmodSync(script, 0o755);
  const { NODE_COMPILE_CACHE: _, ...env } = process.env;
  const call = () => {
    const { stdout } = spawnSync(script, ['status', 'a b'], { env: { ...env, PATH: at.path }, encoding: 'utf8' });
    const [flags, cache, words, parent] = JSON.parse(stdout) as [string[], string, string[], number];
    return { told: { flags, cache, words }, isChild: parent === process.pid };
  };
  const first = call();
  assert.equal(first.isChild, false, 'through the launcher, which installed');
  assert.deepEqual(call(), { told: first.told, isChild: true }, 'with nothing between');
  writeFileSync(join(at.root, 'package-lock.json'), JSON.stringify({ ...LOCK, changed: true }));
  assert.equal(call().isChild, false, 'the lock file is another one');
});
