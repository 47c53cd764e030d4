// Runs inside a real partition (`--import`), waits until its doors are shut, then tries each thing that must not work.
// Reports `{ name: outcome }` as one line of JSON on standard error.
import childProcess from 'node:child_process';
import dgram from 'node:dgram';
import dns from 'node:dns';
import fs from 'node:fs';
import inspector from 'node:inspector';
import { createRequire } from 'node:module';
import net from 'node:net';
import { dirname, join } from 'node:path';
import { Worker } from 'node:worker_threads';

type Attempt = () => unknown;

const require = createRequire(import.meta.url);
const [folder = '', ...options] = process.argv.slice(2);
const programs = options.filter((option) => option.startsWith('--program=')).map((option) => option.slice(10));
const koffi = programs.find((path) => path.endsWith('koffi')) ?? '';
const { port, socket, addon } = JSON.parse(fs.readFileSync(join(folder, 'probe.json'), 'utf8')) as {
  port: number;
  socket: string;
  addon: string;
};

function event(emitter: NodeJS.EventEmitter, good: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    emitter.once(good, resolve);
    emitter.once('error', reject);
  });
}

const attempts: Readonly<Record<string, Attempt>> = {
  'read /etc/passwd': () => fs.readFileSync('/etc/passwd'),
  'list the parent folder': () => fs.readdirSync(dirname(folder)),
  'read its own program': () => programs.map((path) => fs.statSync(path)),
  'read through a link': () => {
    fs.symlinkSync('/etc/passwd', join(folder, 'link'));
    return fs.readFileSync(join(folder, 'link'));
  },
  'read through a hard link': () => {
    fs.linkSync('/etc/passwd', join(folder, 'hard-link'));
    return fs.readFileSync(join(folder, 'hard-link'));
  },
  'read with dots': () => fs.readFileSync(`${folder}/../probe-outside`),
  'write outside': () => fs.writeFileSync(join(dirname(folder), 'written'), 'x'),
  'change the mode of another file': () => fs.chmodSync(dirname(folder), 0o777),
  // SQLite does not ask the permission model.
  'open a database outside': () => {
    const { DatabaseSync } = require('node:sqlite') as typeof import('node:sqlite');
    new DatabaseSync(join(dirname(folder), 'written')).exec('CREATE TABLE x (y)');
  },
  'start a process': () => {
    const { error } = childProcess.spawnSync('/bin/true');
    if (error !== undefined) throw error;
  },
  'fork node': () => event(childProcess.fork(join(folder, 'x.mjs')), 'spawn'),
  'start a worker': () => event(new Worker('0', { eval: true }), 'online'),
  'connect over TCP': () => event(net.connect(port, '127.0.0.1'), 'connect'),
  'connect to a Unix socket': () => event(net.connect(socket), 'connect'),
  'listen on TCP': () => event(net.createServer().listen(0, '127.0.0.1'), 'listening'),
  'listen on a Unix socket': () => event(net.createServer().listen(join(folder, 'own.sock')), 'listening'),
  'send a datagram': () =>
    new Promise((resolve, reject) => {
      const udp = dgram.createSocket('udp4').on('error', reject);
      udp.send('x', port, '127.0.0.1', (error) => (error ? reject(error) : resolve(undefined)));
    }),
  'resolve a name': () =>
    new Promise((resolve, reject) => dns.resolve('localhost', (e) => (e ? reject(e) : resolve(0)))),
  fetch: () => fetch(`http://127.0.0.1:${port}/`),
  'load another add-on': () => process.dlopen({ exports: {} }, addon),
  'require another add-on': () => require(addon) as unknown,
  'import the binding library again': () => import('koffi'),
  'require the binding library again': () => require('koffi') as unknown,
  'require its add-on again': () => require(join(dirname(koffi), '@koromix', 'koffi-linux-x64')) as unknown,
  'open the inspector': () => inspector.open(0),
  'connect an inspector session': () => new inspector.Session().connect(),
  'compile a string': () => Reflect.construct(Function, ['return 1']) as unknown,
  'use internal bindings': () => (process as unknown as { binding(name: string): unknown }).binding('spawn_sync'),
};

async function outcomeOf(attempt: Attempt): Promise<string> {
  // Some refusals come from a later turn of the loop, where no caller can catch them.
  let uncaught: (error: Error) => void = () => undefined;
  const late = new Promise<never>((_, reject) => {
    uncaught = reject;
  });
  process.on('uncaughtException', uncaught);
  try {
    await Promise.race([attempt(), late]);
    return 'allowed';
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return `denied ${code ?? message}`;
  } finally {
    process.off('uncaughtException', uncaught);
  }
}

async function run(): Promise<void> {
  const outcomes: Record<string, string> = {};
  for (const [name, attempt] of Object.entries(attempts)) outcomes[name] = await outcomeOf(attempt);
  outcomes['own folder'] = await outcomeOf(() => {
    fs.writeFileSync(join(folder, 'own'), 'x');
    return fs.readFileSync(join(folder, 'own'));
  });
  process.stderr.write(`${JSON.stringify(outcomes)}\n`);
}

const permission = process.permission as { has(scope: string): boolean } | undefined;
const waiting = setInterval(() => {
  if (permission?.has('addon') === true) return;
  clearInterval(waiting);
  void run();
}, 5);
