// `strongroom start` as its user has it: the first start, a crash, the second start, a clean end.
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  watch,
  writeFileSync,
} from 'node:fs';
import { type AddressInfo, connect as connectPlain, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import type { RunningState } from '../src/deployment/running-state.ts';
import { freePort } from './support/free-port.ts';

const PROGRAM = join(import.meta.dirname, '..', 'strongroom');
const folder = mkdtempSync(join(tmpdir(), 'strongroom-test-'));
const dataRoot = join(folder, 'data');
const readyFile = join(folder, 'ready.json');
const started: ChildProcess[] = [];
after(() => {
  for (const child of started) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

interface Copy {
  readonly child: ChildProcess;
  readonly state: RunningState;
  output(): string;
}

async function start(...args: string[]): Promise<Copy> {
  // One that a killed copy left is removed by the next one too, but only some time after it was spawned.
  rmSync(readyFile, { force: true });
  const child = spawn(PROGRAM, ['start', '--data', dataRoot, '--port', '0', '--ready-file', readyFile, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  started.push(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const ended = once(child, 'close').then(() => assert.fail(`it ended early:\n${output}`));
  ended.catch(() => {}); // a later end is expected
  const waiting = new AbortController();
  try {
    await Promise.race([appears(readyFile, waiting.signal), ended]);
  } finally {
    waiting.abort();
  }
  // What was printed before the file was made is in the pipe by now: it is read in the event loop's next round.
  for (let round = 0; round < 2; round++) await new Promise((resolve) => setImmediate(resolve));
  return { child, state: JSON.parse(readFileSync(readyFile, 'utf8')) as RunningState, output: () => output };
}

/** Files are renamed into place, so one that is there is whole. */
async function appears(path: string, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  watch(folder, { signal }, () => existsSync(path) && resolve());
  if (existsSync(path)) resolve();
  await promise;
}

/** The instance that a start finds serves before the demonstration has shown it. */
async function demonstrated({ child, output }: Copy): Promise<void> {
  while (!/Serving until Ctrl-C/.test(output())) {
    if (child.exitCode !== null) assert.fail(`it ended early:\n${output()}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function pidsOf({ pids }: RunningState): number[] {
  const instances = Object.values(pids.instances).flatMap(({ recorder, service, module }) => [
    recorder,
    service,
    module,
  ]);
  return [pids.supervisor, pids.control, instances].flat(3).filter((pid) => pid !== null);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function allGone(pids: readonly number[]): Promise<void> {
  const end = performance.now() + 120_000;
  while (pids.some(isAlive)) {
    if (performance.now() > end) assert.fail(`still alive: ${pids.filter(isAlive).join(' ')}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

test('it shows the main job, survives a crash of everything, finds all as it was, and ends cleanly', async () => {
  const first = await start();
  assert.match(first.output(), /instance 'dev' through the resource manager: provisioned/);
  assert.match(first.output(), /three custodian key pairs \(development only\): generated/);
  assert.match(first.output(), /security domain downloaded for 2 of 3 custodians/);
  assert.match(first.output(), /custodians showed that their shares open: 3 of 3/);
  assert.match(first.output(), /fresh 32-byte data key wrapped/);
  assert.match(first.output(), /unwrapped again, and it is the same/);
  assert.equal(first.state.instances['dev']?.activation, 'Active');
  assert.match(
    readFileSync(first.state.env ?? '', 'utf8'),
    /^export AZURE_MANAGEDHSM_URI='https:\/\/dev\.managedhsm\.azure\.net'$/m,
  );
  const pids = pidsOf(first.state);
  assert.ok(
    pids.length >= 5 && pids.every(isAlive),
    'supervisor, control, recorder, service and module each have a process',
  );

  const refused = spawn(PROGRAM, ['start', '--data', dataRoot, '--port', '0'], { stdio: 'ignore' });
  assert.deepEqual(await once(refused, 'exit'), [1, null], 'a second copy in the same directory is refused');

  for (const pid of pids) process.kill(pid, 'SIGKILL');
  await allGone([first.child.pid ?? 0, ...pids]);

  const second = await start();
  await demonstrated(second);
  assert.match(second.output(), /instance 'dev' through the resource manager: found/);
  assert.match(second.output(), /key 'demo-kek' .*: found/);
  assert.match(second.output(), /data key wrapped by the first start unwrapped, and it is the same/);
  assert.doesNotMatch(second.output(), /custodian key pairs|their shares open/);
  assert.match(execFileSync(PROGRAM, ['audit', 'verify', '--data', dataRoot]).toString(), /The log is whole/);
  const shown = execFileSync(PROGRAM, ['status', '--data', dataRoot]).toString();
  assert.match(shown, /dev {2}Active\n/);
  assert.match(shown, /\n {2}custodians: margin 1 \(3 reachable, 2 needed\)\n {2}rehearsed /);
  assert.match(shown, /\n {2}rehearsed reachability: never passed, due /);
  execFileSync(PROGRAM, ['clock', 'advance', '93d', '--data', dataRoot]);
  const overdue = spawnSync(PROGRAM, ['status', '--data', dataRoot], { encoding: 'utf8' });
  assert.match(overdue.stdout, /\n {2}rehearsed reachability: never passed, OVERDUE since /);
  assert.equal(overdue.status, 1);
  execFileSync(PROGRAM, ['clock', 'reset', '--data', dataRoot]);

  second.child.kill('SIGINT');
  assert.deepEqual(await once(second.child, 'close'), [0, null]);
  assert.equal(pidsOf(second.state).some(isAlive), false);
  assert.equal(existsSync(readyFile), false);
  assert.match(second.output(), /stopped\n$/);
});

test('while its instance does not serve there is no demonstration, and it says what is in the way', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const { port } = taken.address() as AddressInfo;
  const file = join(folder, 'config.json');
  const listener = { instance: 'dev', connection: 'plant', address: '127.0.0.1', port };
  writeFileSync(file, JSON.stringify({ privateListeners: [listener] }), { mode: 0o600 });
  const copy = await start('--config', file);
  taken.close();
  assert.match(copy.output(), /instance 'dev' does not serve/);
  assert.match(copy.output(), /the demonstration is left out: 'dev' does not serve/);
  assert.doesNotMatch(copy.output(), /through the resource manager|custodian key pairs/);
  copy.child.kill('SIGINT');
  assert.deepEqual(await once(copy.child, 'close'), [1, null]);
});

test('its proxy leads to the port of a private listener, which alone answers to the name with that port', async () => {
  const port = await freePort();
  const file = join(folder, 'config.json');
  const listener = { instance: 'dev', connection: 'plant', address: '127.0.0.1', port };
  writeFileSync(file, JSON.stringify({ privateListeners: [listener] }), { mode: 0o600 });
  const copy = await start('--no-demo', '--config', file);
  const host = `dev.managedhsm.localhost:${port}`;
  const proxy = connectPlain(copy.state.port, '127.0.0.1');
  proxy.write(`CONNECT ${host} HTTP/1.1\r\n\r\n`);
  assert.match(String((await once(proxy, 'data'))[0]), /^HTTP\/1\.1 200 /);
  const servername = 'dev.managedhsm.localhost';
  const secured = connectTls({ socket: proxy, servername, ca: readFileSync(copy.state.ca, 'utf8') });
  secured.write(`GET /keys?api-version=7.6 HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
  let answer = '';
  for await (const chunk of secured) answer += String(chunk);
  assert.match(answer, /^HTTP\/1\.1 403 .*the private endpoint connection 'plant' is not approved/s);
  copy.child.kill('SIGINT');
  await once(copy.child, 'close');
});

test('nothing in the data directory can be read by others', () => {
  const open: string[] = [];
  for (const entry of readdirSync(dataRoot, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if ((statSync(path).mode & 0o077) !== 0 && !path.endsWith('.cer')) open.push(path);
  }
  assert.equal(statSync(dataRoot).mode & 0o777, 0o700);
  assert.deepEqual(open, []);
});

test('no secret of the dev clients is in the environment or arguments of any process, or in a log', {
  skip: process.platform !== 'linux' && 'reads /proc',
}, async () => {
  const copy = await start();
  await demonstrated(copy);
  const clients = JSON.parse(readFileSync(join(dataRoot, 'dev-clients.json'), 'utf8')) as {
    applications: Record<string, { secret: string }>;
  };
  const secrets = Object.values(clients.applications).map(({ secret }) => secret);
  for (const pid of pidsOf(copy.state)) {
    const text = readFileSync(`/proc/${pid}/cmdline`, 'utf8') + readFileSync(`/proc/${pid}/environ`, 'utf8');
    for (const secret of secrets) assert.ok(!text.includes(secret), `process ${pid}`);
  }
  const logs = join(dataRoot, 'logs');
  for (const name of readdirSync(logs)) {
    const text = readFileSync(join(logs, name), 'utf8');
    for (const secret of secrets) assert.ok(!text.includes(secret), name);
  }
  for (const secret of secrets) assert.ok(!copy.output().includes(secret));

  // When whoever started it is gone, it does not stay behind.
  copy.child.kill('SIGKILL');
  await allGone(pidsOf(copy.state));
});

test('a stop while the instance is being made is no failure: the next start goes on from there', async () => {
  const root = join(folder, 'interrupted');
  const run = () => {
    const child = spawn(PROGRAM, ['start', '--data', root, '--port', '0'], {
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    started.push(child);
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
    return { child, output: () => output };
  };
  const resources = join(root, 'control', 'resources.json');
  const state = (): string =>
    existsSync(resources) ? (/"state": "(\w+)"/.exec(readFileSync(resources, 'utf8'))?.[1] ?? '') : '';
  const first = run();
  while (state() === '' && first.child.exitCode === null) await new Promise((resolve) => setTimeout(resolve, 5));
  // As a terminal does: everything that belongs to the start hears of it.
  process.kill(-(first.child.pid ?? 0), 'SIGINT');
  await once(first.child, 'close');
  assert.equal(state(), 'Provisioning', first.output());
  assert.doesNotMatch(first.output(), /failed/);

  const second = run();
  while (!/Serving until|stopped here/.test(second.output()) && second.child.exitCode === null) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.match(second.output(), /Serving until Ctrl-C/);
  assert.equal(state(), 'Succeeded');

  const text = readFileSync(resources, 'utf8');
  process.kill(-(second.child.pid ?? 0), 'SIGINT');
  await once(second.child, 'close');
  writeFileSync(resources, text.replace('"state": "Succeeded"', '"state": "Failed"'));
  const third = run();
  while (!/Serving until|stopped here/.test(third.output()) && third.child.exitCode === null) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.match(third.output(), /Serving until Ctrl-C/, 'one that had failed is asked for again');
  third.child.kill('SIGINT');
  await once(third.child, 'close');
});

test('a start that cannot make what control reads says why, and leaves nothing that runs', {
  skip: process.platform !== 'linux' && 'reads /proc',
}, () => {
  const root = join(folder, 'unwritable');
  mkdirSync(join(root, 'dev-clients.json'), { recursive: true, mode: 0o700 });
  chmodSync(root, 0o700);
  const { status, stderr } = spawnSync(PROGRAM, ['start', '--data', root, '--port', '0'], { encoding: 'utf8' });
  assert.equal(status, 1);
  assert.match(stderr, /EISDIR[^]*dev-clients\.json/);
  assert.doesNotMatch(stderr, /was killed|unhandled/i);
  const running = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && wordsOf(name).includes(root));
  assert.deepEqual(running, []);
});

/** Arguments of a process, if it is still there. */
function wordsOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

test('without the demonstration there are only the planes', async () => {
  rmSync(dataRoot, { recursive: true });
  const { child, state, output } = await start('--no-demo');
  assert.deepEqual(state.pids.instances, {});
  assert.ok(isAlive(state.pids.control ?? 0));
  assert.doesNotMatch(output(), /demo-kek/);
  assert.match(output(), /No instances yet: make one with az keyvault create[^]*Serving until Ctrl-C\.\n/);
  const env = execFileSync(PROGRAM, ['env', '--data', dataRoot]).toString();
  assert.match(env, /^unset AZURE_MANAGEDHSM_URI$/m);
  child.kill('SIGTERM');
  assert.deepEqual(await once(child, 'close'), [0, null]);
});
