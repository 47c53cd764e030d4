// A production deployment as its operator makes one: a folder with configuration, certificates of an authority of its own
// and a passphrase, a token issuer that is not ours, and `./strongroom start --profile production` as a child.
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { connect, type TLSSocket } from 'node:tls';
import type { RunningState } from '../../src/deployment/running-state.ts';
import { freePort } from './free-port.ts';
import { makeOperatorAuthority, type OperatorAuthority } from './operator-authority.ts';
import { killAll, treeOf } from './process-tree.ts';
import type { Reply } from './running-instance.ts';
import { CHECKOUT, productEnvironment } from './running-product.ts';
import { startTokenIssuer, type TokenIssuer } from './token-issuer.ts';

export const DOMAIN = 'hsm.example.org';
export const ARM = 'arm.example.org';
export const GRAPH = 'graph.example.org';
export const ARM_AUDIENCE = 'https://arm.example.org';

type Json = Record<string, unknown>;

export interface Site extends AsyncDisposable {
  readonly folder: string;
  readonly data: string;
  readonly configFile: string;
  /** A configuration that starts; tests change copies of it. */
  readonly config: Json;
  readonly authority: OperatorAuthority;
  readonly issuer: TokenIssuer;
  readonly owner: string;
  readonly port: number;
  /** Writes a file (0600) of the operator and returns its path. */
  file(name: string, content: string, mode?: number): Promise<string>;
  write(config: Json): Promise<void>;
  /** Starts and resolves when it ended by itself, with what it printed. */
  refused(): Promise<{ readonly code: number | null; readonly text: string }>;
  start(): Promise<Running>;
}

export interface Running extends AsyncDisposable {
  readonly state: RunningState;
  readonly output: string;
  stop(): Promise<number | null>;
}

/** @param checkout whose program is started */
export async function makeSite(checkout: string = CHECKOUT): Promise<Site> {
  const folder = await mkdtemp(join(tmpdir(), 'strongroom-site-'));
  const data = join(folder, 'data');
  await mkdir(data, { mode: 0o700 });
  const configFile = join(folder, 'config.json');
  const authority = await makeOperatorAuthority();
  const file = async (name: string, content: string, mode = 0o600): Promise<string> => {
    const path = join(folder, name);
    await writeFile(path, content);
    await chmod(path, mode);
    return path;
  };
  const pair = async (name: string, names: readonly string[]): Promise<Json> => {
    const { key, certificate } = await authority.issue(names);
    return {
      certificate: await file(`${name}.pem`, certificate, 0o644),
      key: await file(`${name}.key`, key),
    };
  };
  const tenantId = randomUUID();
  const issuer = await startTokenIssuer(tenantId, await authority.issue(['127.0.0.1']));
  const caFile = await file('authority.pem', authority.certificate, 0o644);
  const owner = randomUUID();
  const port = await freePort();
  const config: Json = {
    tenantId,
    names: {
      instances: DOMAIN,
      resourceManager: ARM,
      graph: GRAPH,
      authorization: `https://login.example.org/${tenantId}`,
      resource: `https://${DOMAIN}`,
      port: 443,
    },
    listen: { address: '127.0.0.1', port },
    tls: {
      instances: await pair('instances', [`*.${DOMAIN}`]),
      resourceManager: await pair('resource-manager', [ARM, GRAPH]),
      authority: caFile,
    },
    issuers: [
      {
        issuers: [issuer.issuer],
        audiences: [`https://${DOMAIN}`],
        armAudiences: [ARM_AUDIENCE],
        jwksUri: issuer.jwksUri,
        caFile,
      },
    ],
    subscription: { id: randomUUID(), name: 'Example', owners: [{ id: owner, type: 'User' }] },
    seal: {
      kind: 'passphrase',
      passphraseFile: await file('passphrase', 'correct horse battery staple\n'),
      memory: 64,
    },
    principals: {
      users: [{ id: owner, userName: 'owner@example.org', displayName: 'The owner' }],
      groups: [],
      applications: [],
    },
  };
  const running = new Set<ChildProcess>();
  const spawnStrongroom = (): { readonly child: ChildProcess; readonly output: () => string } => {
    const args = ['start', '--profile', 'production', '--config', configFile, '--data', data];
    const child = spawn(join(checkout, 'strongroom'), args, {
      cwd: checkout,
      env: productEnvironment(),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    running.add(child);
    let printed = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        printed += text;
      });
    }
    return { child, output: () => printed };
  };
  const site: Site = {
    folder,
    data,
    configFile,
    config,
    authority,
    issuer,
    owner,
    port,
    file,
    write: async (changed) => void (await file('config.json', JSON.stringify(changed))),
    async refused() {
      const { child, output } = spawnStrongroom();
      const timer = setTimeout(() => void killAll(treeOf(child.pid ?? 0)), 240_000);
      const [code] = (await once(child, 'close')) as [number | null];
      clearTimeout(timer);
      return { code, text: output() };
    },
    async start() {
      const { child, output } = spawnStrongroom();
      const statePath = join(data, 'running.json');
      const read = (): RunningState => JSON.parse(readFileSync(statePath, 'utf8')) as RunningState;
      const ends = performance.now() + 240_000;
      while (!output().includes('serving on')) {
        if (child.exitCode !== null || performance.now() > ends) throw new Error(`it did not start: ${output()}`);
        await delay(25);
      }
      const started: Running = {
        get state() {
          return read();
        },
        get output() {
          return output();
        },
        async stop() {
          if (child.exitCode !== null) return child.exitCode;
          const ended = once(child, 'close');
          child.kill('SIGTERM');
          return ((await ended) as [number | null])[0];
        },
        async [Symbol.asyncDispose]() {
          const pids = treeOf(child.pid ?? 0);
          await started.stop();
          await killAll(pids);
        },
      };
      return started;
    },
    async [Symbol.asyncDispose]() {
      for (const child of running) {
        if (child.exitCode === null && child.signalCode === null) await killAll(treeOf(child.pid ?? 0));
      }
      await issuer[Symbol.asyncDispose]();
      if (existsSync(folder)) await rm(folder, { recursive: true, force: true });
    },
  };
  await site.write(config);
  return site;
}

export interface Ask {
  readonly token?: string;
  readonly body?: unknown;
  /** The connection to use instead of one to the front. */
  readonly socket?: TLSSocket;
  readonly host?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** One request to a name of the site, as any HTTPS client sends it to the address where the name leads. */
export async function ask(site: Site, method: string, url: string, own: Ask = {}): Promise<Reply> {
  const { hostname, pathname, search } = new URL(url);
  const socket = own.socket ?? (await connectTo(site, hostname));
  const body = own.body === undefined ? undefined : JSON.stringify(own.body);
  return new Promise<Reply>((resolve, reject) => {
    const sent = request(
      {
        createConnection: () => socket,
        method,
        path: pathname + search,
        headers: {
          host: own.host ?? hostname,
          connection: own.socket === undefined ? 'close' : 'keep-alive',
          ...own.headers,
          ...(own.token === undefined ? {} : { authorization: `Bearer ${own.token}` }),
          ...(body === undefined
            ? {}
            : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
        },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8');
          let json: unknown;
          try {
            json = JSON.parse(text);
          } catch {
            json = undefined; // challenges are plain text
          }
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text, json });
        });
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}

export async function connectTo(
  site: Site,
  servername: string,
  options: Readonly<Record<string, unknown>> = {},
): Promise<TLSSocket> {
  const socket = connect({
    host: '127.0.0.1',
    port: site.port,
    servername,
    ca: site.authority.certificate,
    ...options,
  });
  await once(socket, 'secureConnect');
  return socket;
}
