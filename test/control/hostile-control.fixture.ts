// A control process that was taken over: started exactly as the real one, it does whatever it can think of and writes down
// what came of it. Its second life, after the supervisor has ended the first one, is quiet.
import { createSign, generateKeyPairSync } from 'node:crypto';
import * as fs from 'node:fs';
import { request } from 'node:https';
import { connect } from 'node:net';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { encodeFrame, FrameReader } from '../../src/formats/frames.ts';
import { openSupervisorLink } from '../../src/links/child-link.ts';
import {
  aliasesChanged,
  instanceChanged,
  provisionInstance,
  purgeInstance,
  startInstance,
  stopInstance,
  updateInstance,
} from '../../src/links/control-messages.ts';
import { frontToken, ready } from '../../src/links/messages.ts';
import {
  APPEND,
  APPEND_HEAD,
  acknowledged,
  failed,
  hello,
  MAX_RECORDER_FRAME,
  NONCE_LENGTH,
  PROTOCOL_VERSION,
  signed,
  signRequest,
} from '../../src/links/recorder/messages.ts';
import { openAttempts, reach } from './hostile-attempts.ts';
import type { HostileTargets } from './hostile-targets.ts';

const { values } = parseArgs({
  options: { control: { type: 'string' }, port: { type: 'string' }, ca: { type: 'string' }, log: { type: 'string' } },
});
const own = values.control ?? '';
const targets = JSON.parse(fs.readFileSync(join(own, 'targets.json'), 'utf8')) as HostileTargets;
const { report, tryFile, tryProcesses, tell } = openAttempts({ own, root: targets.root, pids: targets.pids });

await using link = openSupervisorLink();
let instancePort = 0;
link.on(instanceChanged, ({ port }) => {
  if (port !== 0) instancePort = port;
});
link.on(aliasesChanged, () => {});
link.on(frontToken, () => {});
link.send(ready, { port: 1, modulePids: [] });
if (fs.existsSync(join(own, 'report.json'))) await link.closed;
else await attack();

async function attack(): Promise<void> {
  for (const path of targets.files) tryFile(path);
  await tryProcesses();
  await trySockets();
  await tryLog();
  await tryLink();
  await tryHttps();
  for (const name of ['directory.json', 'resources.json', 'issuer-key.json']) fs.writeFileSync(join(own, name), '{}');
  tell();
  // Last: what is no message at all ends this process.
  fs.writeSync(3, Buffer.from('ffffffffffffffff', 'hex'));
  await new Promise((resolve) => setTimeout(resolve, 30_000));
}

async function trySockets(): Promise<void> {
  const names = ['recorder.sock', 'module.sock', 'control.sock', 'unlock.sock', 'unlock-0.sock', '0.sock'];
  for (const folder of targets.socketFolders) {
    for (const name of names) report[`socket ${name}`] = await reach({ path: join(folder, name) });
  }
}

/** All that the recorder's protocol has, and what only it may say: entries are taken, nothing is signed or taken back. */
async function tryLog(): Promise<void> {
  const root = Buffer.alloc(32, 7);
  const nonce = Buffer.alloc(NONCE_LENGTH, 7);
  const greeting = hello.frame({ version: PROTOCOL_VERSION, nonce });
  const forged = `strongroom/x\n1\n${root.toString('base64')}\n\n— strongroom/x AAAA\n`;
  const said: Readonly<Record<string, Buffer>> = {
    'a signature that nobody asked for': signed.frame({ note: forged }, 1),
    'a request to sign': signRequest.frame({ size: 1, root }, 1),
    'an acknowledgement': acknowledged.frame(1),
    'a failure': failed.frame({ through: 99, message: 'gone' }),
    'an entry twice under one number': Buffer.concat([appendFrame(1, 'first'), appendFrame(1, 'second')]),
    'an entry of a store head': appendFrame(2, 'head', 2 ** 40),
    'an entry that is none': encodeFrame(0, APPEND, Buffer.concat([appendHead(3, 0), Buffer.from('[1')])),
    nonsense: Buffer.from('ffffffffffffffff', 'hex'),
  };
  for (const [what, frame] of Object.entries(said)) report[`log ${what}`] = await converse(greeting, frame);
}

function appendFrame(counter: number, text: string, head = 0): Buffer {
  const entry = Buffer.from(JSON.stringify({ operationName: text }));
  return encodeFrame(0, APPEND, Buffer.concat([appendHead(counter, head), entry]));
}

function appendHead(counter: number, head: number): Buffer {
  const bytes = Buffer.alloc(APPEND_HEAD);
  bytes.writeBigUInt64LE(BigInt(counter), 0);
  bytes.writeBigUInt64LE(BigInt(head), 8);
  return bytes;
}

/** The kinds of all that comes back within the time that a checkpoint takes, two times. */
function converse(...frames: readonly Buffer[]): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(targets.log);
    const reader = new FrameReader(MAX_RECORDER_FRAME);
    const answers = new Set<number>();
    const done = (): void => {
      socket.destroy();
      resolve([...answers].join(' '));
    };
    socket.on('data', (chunk: Buffer) => {
      for (const { kind } of reader.push(chunk)) answers.add(kind);
    });
    socket.once('error', done);
    socket.once('close', done);
    setTimeout(done, 2_500);
    for (const frame of frames) socket.write(frame);
  });
}

async function tryLink(): Promise<void> {
  const { name, request: made, attacker } = targets;
  const asks: readonly (readonly [string, Promise<unknown>])[] = [
    ...[
      { ...made, initialAdministrators: [attacker] },
      { ...made, name: name.toUpperCase(), initialAdministrators: [attacker] },
      { ...made, issuers: [{ issuers: ['x'], audiences: ['x'], jwksUri: 'https://attacker' }] },
      { ...made, name: '../control' },
      { ...made, purgeProtection: false, softDeleteRetentionInDays: 7, initialAdministrators: [attacker] },
    ].map((request, index) => [`provision ${index}`, link.request(provisionInstance, { request })] as const),
    ...[
      { initialAdministrators: [attacker] },
      { issuers: [] },
      { hostNames: [] },
      { profile: 'dev' },
      { purgeProtection: false },
      { softDeleteRetentionInDays: 7 },
      { network: { publicNetworkAccess: 'Enabled' } },
      { network: null },
      null,
      [],
    ].map((update, index) => [`update ${index}`, link.request(updateInstance, { name, update })] as const),
    ['purge it as it runs', link.request(purgeInstance, { name })],
    ['purge elsewhere', link.request(purgeInstance, { name: '../../control' })],
    ['update elsewhere', link.request(updateInstance, { name: '..', update: {} })],
    ['stop elsewhere', link.request(stopInstance, { name: '../control' })],
  ];
  for (const [what, asked] of asks) report[what] = await outcome(asked);
  report['stop'] = await outcome(link.request(stopInstance, { name }));
  report['purge it stopped'] = await outcome(link.request(purgeInstance, { name }));
  report['start'] = await outcome(link.request(startInstance, { name }));
}

function outcome(asked: Promise<unknown>): Promise<string> {
  return asked.then(
    () => 'done',
    (error: unknown) => (error as { readonly code?: string }).code ?? String(error),
  );
}

/** Tokens of its own making, for the administrator and in every form, under every name. */
async function tryHttps(): Promise<void> {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = part(targets.claims);
  const head = part({ alg: 'RS256', kid: 'test-key', typ: 'JWT' });
  const forged = `${head}.${claims}.${createSign('sha256').update(`${head}.${claims}`).sign(privateKey, 'base64url')}`;
  const tokens = { none: '', unsigned: `${part({ alg: 'none' })}.${claims}.`, forged };
  for (const [kind, token] of Object.entries(tokens)) {
    for (const host of targets.hosts) {
      for (const [method, path] of targets.operations) {
        report[`${method} ${path} as ${kind} at ${host}`] = String(await ask(host, method, path, token));
      }
    }
  }
}

function ask(host: string, method: string, path: string, token: string): Promise<number> {
  return new Promise((resolve) => {
    const headers = { host, ...(token === '' ? {} : { authorization: `Bearer ${token}` }) };
    const options = {
      host: '127.0.0.1',
      port: instancePort,
      servername: targets.hosts[0] ?? '',
      method,
      path,
      headers,
    };
    const asked = request({ ...options, rejectUnauthorized: false, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    asked.once('error', () => resolve(0));
    asked.end(method === 'GET' ? undefined : '{}');
  });
}
