import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer, type Server } from 'node:net';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { encodeFrame } from '../../formats/frames.ts';
import { newFolder } from '../../module/key-module.fixture.ts';
import { messages } from '../protocol/messages.ts';
import { type ModuleKind, partitionArguments } from './spawn-partition.ts';

const PROBE = realpathSync(fileURLToPath(new URL('forbidden-things.fixture.ts', import.meta.url)));

function newModuleFolder(): string {
  const root = realpathSync(newFolder());
  writeFileSync(join(root, 'probe-outside'), 'x');
  const folder = join(root, 'module');
  mkdirSync(folder, { mode: 0o700 });
  return folder;
}

async function listen(server: Server, where: string | number): Promise<void> {
  await new Promise<void>((resolve) => {
    if (typeof where === 'number') server.listen(where, '127.0.0.1', resolve);
    else server.listen(where, resolve);
  });
}

/** A partition that ends instead fails the test: it must not wait for ever. */
function firstReply(partition: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    partition.stdout?.once('data', () => resolve());
    partition.once('close', (status) => reject(new Error(`the partition ended with status ${status}`)));
  });
}

const SCHED_BATCH = 3;

/** proc_pid_stat(5): the 41st field. */
function policyOf(pid: number | undefined): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[38]);
}

const KINDS: readonly ModuleKind[] = ['serving', 'ceremony'];

for (const kind of KINDS) {
  test(`the ${kind} module reaches nothing but its folder and its pipes`, () => reachesNothing(kind));
}

async function reachesNothing(kind: ModuleKind): Promise<void> {
  const moduleFolder = newModuleFolder();
  const socket = join(dirname(moduleFolder), 's');
  const tcp = createServer((connection) => connection.end());
  const unix = createServer((connection) => connection.end());
  await Promise.all([listen(tcp, 0), listen(unix, socket)]);
  // Any add-on of this machine will do: the binding's own is one that loads.
  const addon = join(
    dirname(createRequire(import.meta.url).resolve('@koromix/koffi-linux-x64')),
    'linux_x64',
    'koffi.node',
  );
  const { port } = tcp.address() as { port: number };
  writeFileSync(join(moduleFolder, 'probe.json'), JSON.stringify({ port, socket, addon }));
  const place = { moduleFolder, nodeFlags: [`--allow-fs-read=${PROBE}`, `--import=${PROBE}`] };
  const { command, args } = partitionArguments(place, kind);
  const partition = spawn(command, args, { stdio: ['pipe', 'ignore', 'pipe'], env: {}, cwd: '/' });
  try {
    const outcomes = await new Promise<Record<string, string>>((resolve, reject) => {
      let seen = '';
      partition.stderr.on('data', (chunk: Buffer) => {
        seen += chunk.toString();
        const line = seen.split('\n').find((candidate) => candidate.startsWith('{') && candidate.endsWith('}'));
        if (line !== undefined) resolve(JSON.parse(line) as Record<string, string>);
      });
      partition.on('close', () => reject(new Error(`the partition ended: ${seen}`)));
    });
    const { 'own folder': own, ...forbidden } = outcomes;
    assert.equal(own, 'allowed');
    assert.ok(Object.keys(forbidden).length >= 25);
    for (const [name, outcome] of Object.entries(forbidden)) assert.match(outcome, /^denied/, name);
  } finally {
    partition.kill('SIGKILL');
    tcp.close();
    unix.close();
  }
}

for (const kind of KINDS) {
  test(`the ${kind} module starts with an empty environment, without core files, and interrupts nobody`, () =>
    startsBare(kind));
}

async function startsBare(kind: ModuleKind): Promise<void> {
  const { command, args } = partitionArguments({ moduleFolder: newModuleFolder() }, kind);
  const partition = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'], env: {}, cwd: '/' });
  try {
    partition.stdin.write(encodeFrame(1, 1, Buffer.alloc(0)));
    await firstReply(partition);
    assert.match(readFileSync(`/proc/${partition.pid}/limits`, 'utf8'), /Max core file size\s+0\s/);
    const environment = readFileSync(`/proc/${partition.pid}/environ`, 'utf8');
    if (!spawnSync('chrt', ['-b', '0', 'true']).error) assert.equal(policyOf(partition.pid), SCHED_BATCH);
    // What sh sets by itself.
    assert.equal(environment.replace(/^(PWD|OLDPWD|SHLVL|_)=[^\0]*\0/gm, ''), '');
  } finally {
    partition.kill('SIGKILL');
  }
}

test('a ceremony ends its process, whatever its outcome, and what comes before it does not', async () => {
  const moduleFolder = newModuleFolder();
  const { provision } = messages;
  for (const instanceId of ['no such form!', 'i-1']) {
    const { command, args } = partitionArguments({ moduleFolder }, 'ceremony');
    const partition = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'], env: {}, cwd: '/' });
    partition.stdin.write(encodeFrame(1, messages.hello.code, Buffer.alloc(0)));
    await firstReply(partition);
    const closed = new Promise<number | null>((resolve) => partition.on('close', resolve));
    const replies = text(partition.stdout);
    partition.stdin.write(
      encodeFrame(2, provision.code, provision.request.encode({ instanceId, instanceName: 'dev' })),
    );
    assert.equal(await closed, 0);
    assert.ok((await replies).length > 0);
    assert.equal(existsSync(join(moduleFolder, 'state.sealed')), instanceId === 'i-1');
  }
});

test('the process of a ceremony that is asked nothing reads nothing, and ends in peace', async () => {
  const moduleFolder = newFolder();
  writeFileSync(join(moduleFolder, 'state.sealed'), 'no state');
  const { command, args } = partitionArguments({ moduleFolder }, 'ceremony');
  for (const [asked, status] of [
    [false, 0],
    [true, 70],
  ] as const) {
    const process = spawn(command, args, { stdio: ['pipe', 'ignore', 'pipe'], env: {}, cwd: '/' });
    const errors = text(process.stderr);
    const closed = new Promise<number | null>((resolve) => process.on('close', resolve));
    process.stdin.end(asked ? encodeFrame(1, messages.hello.code, Buffer.alloc(0)) : undefined);
    assert.equal(await closed, status);
    assert.equal((await errors) === '', !asked);
  }
});

test('nonsense frames end a partition, the end of its input ends it in peace, and SIGINT does not end it', async () => {
  for (const [bytes, status] of [
    [Buffer.alloc(16, 0xff), 70],
    [encodeFrame(1, 200, Buffer.alloc(0)), 70],
    [encodeFrame(1, 13, Buffer.alloc(3)), 70],
    [encodeFrame(1, messages.transferKey.code, Buffer.alloc(0)), 70],
    [encodeFrame(1, 1, Buffer.alloc(0)), 0],
  ] as const) {
    const { command, args } = partitionArguments({ moduleFolder: newModuleFolder() });
    const partition = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], env: {}, cwd: '/' });
    const output = text(partition.stdout);
    const errors = text(partition.stderr);
    const closed = new Promise<number | null>((resolve) => partition.on('close', resolve));
    if (status === 0) {
      partition.stdin.write(bytes);
      await firstReply(partition);
      partition.kill('SIGINT');
      partition.stdin.end(bytes);
    } else partition.stdin.write(bytes);
    assert.equal(await closed, status);
    if (status === 0) assert.equal(await errors, '');
    else assert.match(await errors, /^module: ended on (FrameError|NonsenseError|FieldsError)\n$/);
    await output;
  }
});
