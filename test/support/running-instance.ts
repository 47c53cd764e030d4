// One real instance for tests: recorder and module as processes of their own, the service worker in this one, tokens of
// a test issuer. What the management plane does for an instance is done here by hand.
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:https';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { places } from '../../src/deployment/data-layout.ts';
import { issueAuthority, issueServer } from '../../src/deployment/dev-ca/issue.ts';
import type { InstanceConfig } from '../../src/deployment/instance.ts';
import { readInstanceConfig } from '../../src/deployment/instance.ts';
import type { OpenStorage } from '../../src/features/backup/storage/port.ts';
import { encodeDomainKeys } from '../../src/formats/domain-keys.ts';
import { compiledSources } from '../../src/links/spawn-child.ts';
import { CeremonyModule } from '../../src/module/ceremony/ceremony-module.ts';
import { joinDomain, makeRootKeys } from '../../src/module/ceremony/make-root-keys.ts';
import { StateWriter } from '../../src/module/ceremony/state-writer.ts';
import { beginWitnesses } from '../../src/module/ceremony/witnesses.ts';
import { StateFile } from '../../src/module/state-file.ts';
import { type InstanceService, startInstanceService } from '../../src/service/instance-service.ts';
import { LiveNames } from '../../src/service/live-configuration.ts';
import { makeCertificates } from './custodian-certificates.ts';
import { startTokenIssuer, type TokenIssuer } from './token-issuer.ts';

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  /** The parsed body; undefined when it is empty. */
  readonly json: unknown;
}

export interface Ask {
  readonly token?: string | undefined;
  readonly body?: unknown;
  /** Sent as it is, instead of a JSON body. */
  readonly raw?: string | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface RunningInstance extends AsyncDisposable {
  readonly folder: string;
  readonly config: InstanceConfig;
  readonly port: number;
  readonly ca: string;
  readonly issuer: TokenIssuer;
  /** Administrator of the instance. */
  readonly administrator: string;
  readonly service: InstanceService;
  ask(method: string, path: string, ask?: Ask): Promise<Reply>;
  /** The same of another worker, on its port. */
  askAt(port: number, method: string, path: string, ask?: Ask): Promise<Reply>;
  /** Administrator's token. */
  adminToken(): Promise<string>;
  /** Takes the security domain with three fresh custodians. */
  activate(): Promise<Reply>;
  /** Assigns a built-in role by name at a scope. */
  assign(roleName: string, principalId: string, scope?: string): Promise<void>;
  /** Stops service and recorder in order. */
  stop(): Promise<void>;
  /** Starts what was stopped. */
  start(): Promise<void>;
  /** Stops service and recorder in order and starts them again on the same data, the configuration file read again. */
  restart(): Promise<void>;
  /** Edits the configuration file, as whoever owns the machine can. It is read at the next start. */
  configure(edit: Partial<InstanceConfig>): Promise<void>;
  /** Starts one more worker of the same instance on a port of its own; the caller stops it. */
  startWorker(): Promise<InstanceService>;
  /** Resolves with the port of the next worker that finds its module locked; what starts it resolves once it is open. */
  nextLocked(): Promise<number>;
  /** What the last one said of it. */
  readonly lockedMessage: string;
}

const AUTHORITY = 'test.managedhsm.azure.net';
/** Answered only by an instance with `vaultName`, while its setting is on. */
export const VAULT_AUTHORITY = 'test.vault.azure.net';
export const VAULT_AUDIENCE = 'https://vault.azure.net';

export interface InstanceOptions {
  readonly partitions?: number;
  /** Active from the start, with the root keys of this one: another instance of the same security domain. */
  readonly sameDomainAs?: RunningInstance;
  readonly purgeProtection?: boolean;
  readonly profile?: InstanceConfig['profile'];
  /** Default: `azure`, in production too. */
  readonly separation?: InstanceConfig['separation'];
  /** Initial administrators beside the one whose token is an application's. */
  readonly alsoAdministrators?: readonly string[];
  /** Unix seconds of the system, as the instance sees them. */
  readonly systemNow?: () => number;
  /** The instance is also configured with a name of a vault. */
  readonly vaultName?: boolean;
  readonly backupTargets?: NonNullable<InstanceConfig['backupTargets']>;
  /** In place of what `backupTargets` would open. */
  readonly openStorage?: OpenStorage;
  /** Where workers find what they take for the recorder, given where it is. */
  readonly beforeRecorder?: (recorderSocket: string) => Promise<string>;
}

export async function startRunningInstance(options: InstanceOptions = {}): Promise<RunningInstance> {
  const folder = await mkdtemp(join(tmpdir(), 'strongroom-instance-'));
  const place = places(folder).instance('test');
  for (const path of [join(place.root, 'tls'), place.module, place.store, place.audit]) {
    await mkdir(path, { recursive: true, mode: 0o700 });
  }
  const authority = issueAuthority(new Date());
  const leaf = issueServer(authority, [AUTHORITY, '127.0.0.1'], new Date());
  await writeFile(place.tlsKey, leaf.key, { mode: 0o600 });
  await writeFile(place.tlsCertificate, leaf.certificate);
  const caFile = join(folder, 'ca.pem');
  await writeFile(caFile, authority.certificate);
  const issuer = await startTokenIssuer(randomUUID(), leaf);
  const administrator = randomUUID();
  const config: InstanceConfig = {
    profile: options.profile ?? 'dev',
    id: randomUUID(),
    name: 'test',
    tenantId: issuer.tenantId,
    resourceId: '/subscriptions/s/resourceGroups/g/providers/Microsoft.KeyVault/managedHSMs/test',
    region: 'local',
    hostNames: [
      {
        authority: AUTHORITY,
        authorization: `https://login.microsoftonline.com/${issuer.tenantId}`,
        resource: 'https://managedhsm.azure.net',
      },
      ...(options.vaultName === true
        ? [
            {
              authority: VAULT_AUTHORITY,
              authorization: `https://login.microsoftonline.com/${issuer.tenantId}`,
              resource: VAULT_AUDIENCE,
              kind: 'vault' as const,
            },
          ]
        : []),
    ],
    issuers: [
      {
        issuers: [issuer.issuer],
        audiences: [issuer.audience],
        vaultAudiences: [VAULT_AUDIENCE],
        jwksUri: issuer.jwksUri,
        caFile,
      },
    ],
    initialAdministrators: [administrator, ...(options.alsoAdministrators ?? [])],
    softDeleteRetentionInDays: 7,
    purgeProtection: options.purgeProtection ?? false,
    separation: options.separation ?? 'azure',
    createdAt: new Date().toISOString(),
    ...(options.backupTargets === undefined ? {} : { backupTargets: options.backupTargets }),
  };
  await writeFile(place.config, JSON.stringify(config));
  if (options.sameDomainAs !== undefined) shareDomain(options.sameDomainAs, place.module, config.id);
  else await provision(place.module, config);
  const socket = join(folder, 'recorder.sock');
  let recorder = await startRecorder(place.audit, socket, config.id);
  const workersSocket = (await options.beforeRecorder?.(socket)) ?? socket;
  let workers = 0;
  let locked = Promise.withResolvers<number>();
  let lockedMessage = '';
  const stopping = new AbortController();
  const startService = (completesLog = true): Promise<InstanceService> =>
    startInstanceService({
      lock: {
        socketFolder: folder,
        worker: completesLog ? 0 : ++workers,
        onLocked: (port, message) => {
          lockedMessage = message;
          locked.resolve(port);
        },
        onRelocked: () => undefined,
        stopping: stopping.signal,
      },
      config: readInstanceConfig(place.config),
      names: new LiveNames(readInstanceConfig(place.config)),
      places: place,
      recorderSocket: workersSocket,
      port: 0,
      partitions: options.partitions ?? 1,
      shared: false,
      completesLog,
      ...(options.systemNow === undefined ? {} : { systemNow: options.systemNow }),
      ...(options.openStorage === undefined ? {} : { openStorage: options.openStorage }),
      onPartitions: () => undefined,
      onActivation: () => undefined,
    });
  /** What is left running keeps a test file from ending: it would hang instead of failing. */
  const startServiceOrStop = async (): Promise<InstanceService> => {
    try {
      return await startService();
    } catch (cause) {
      await stopRecorder(recorder);
      throw cause;
    }
  };
  let service = await startServiceOrStop().catch(async (cause: unknown) => {
    await issuer[Symbol.asyncDispose]();
    throw cause;
  });
  let agent = new Agent({ keepAlive: true, maxSockets: 8 });

  const running: RunningInstance = {
    folder,
    config,
    ca: authority.certificate,
    issuer,
    administrator,
    get port() {
      return service.port;
    },
    get service() {
      return service;
    },
    ask: (method, path, ask) => running.askAt(service.port, method, path, ask),
    askAt: (port, method, path, ask = {}) => send({ port, ca: authority.certificate, agent }, method, path, ask),
    adminToken: () => issuer.token(administrator),
    async activate() {
      const certificates = (await makeCertificates(3)).map((der) => ({ kty: 'RSA', x5c: [der] }));
      return running.ask('POST', '/securitydomain/download?api-version=7.5', {
        token: await running.adminToken(),
        body: { certificates, required: 2 },
      });
    },
    async assign(roleName, principalId, scope = '/') {
      const token = await running.adminToken();
      const list = await running.ask('GET', '/providers/Microsoft.Authorization/roleDefinitions?api-version=7.4', {
        token,
      });
      const definitions = (list.json as { value: { id: string; properties: { roleName: string } }[] }).value;
      const roleDefinitionId = definitions.find((definition) => definition.properties.roleName === roleName)?.id;
      const path = `${scope === '/' ? '' : scope}/providers/Microsoft.Authorization/roleAssignments/${randomUUID()}?api-version=7.4`;
      const made = await running.ask('PUT', path, { token, body: { properties: { roleDefinitionId, principalId } } });
      if (made.status !== 201) throw new Error(`role assignment answered ${made.status}: ${made.text}`);
    },
    async configure(edit) {
      await writeFile(place.config, JSON.stringify({ ...readInstanceConfig(place.config), ...edit }));
    },
    startWorker: () => startService(false),
    get lockedMessage() {
      return lockedMessage;
    },
    nextLocked() {
      locked = Promise.withResolvers();
      return locked.promise;
    },
    async stop() {
      agent.destroy();
      await service[Symbol.asyncDispose]();
      await stopRecorder(recorder);
    },
    async restart() {
      await running.stop();
      await running.start();
    },
    async start() {
      agent = new Agent({ keepAlive: true, maxSockets: 8 });
      recorder = await startRecorder(place.audit, socket, config.id);
      service = await startServiceOrStop();
    },
    async [Symbol.asyncDispose]() {
      agent.destroy();
      await service[Symbol.asyncDispose]();
      await stopRecorder(recorder);
      await issuer[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
  return running;
}

/** What the first start would have a process of its own do. */
async function provision(folder: string, { id, name }: InstanceConfig): Promise<void> {
  await using ceremony = new CeremonyModule({ folder, now: () => Math.floor(Date.now() / 1000) });
  ceremony.provision(id, name);
}

/** What the upload of a security domain comes to, without its ceremony. */
function shareDomain(of: RunningInstance, moduleFolder: string, instanceId: string): void {
  const state = new StateFile(places(of.folder).instance('test').module).load();
  if (state?.state !== 'active') throw new Error('the other instance has no security domain yet');
  using own = makeRootKeys();
  using rootKeys = joinDomain(own, state.rootKeys.use(encodeDomainKeys));
  const joined = { ...state, instanceId, rootKeys, generation: 1, settled: undefined, headFloor: 0, logFloor: 0 };
  beginWitnesses(moduleFolder, joined);
  new StateWriter(moduleFolder).create(joined);
  state.rootKeys[Symbol.dispose]();
}

async function startRecorder(audit: string, socket: string, instanceId: string): Promise<ChildProcess> {
  const entry = new URL('../../src/recorder/main.ts', import.meta.url).pathname;
  const args = ['--folder', audit, '--socket', socket, '--origin', `strongroom/${instanceId}`];
  const child = spawn(process.execPath, [entry, ...args], {
    stdio: ['ignore', 'inherit', 'inherit', 'pipe'],
    env: compiledSources(),
  });
  const link = child.stdio[3] as Socket;
  link.on('error', () => undefined);
  link.resume();
  return child;
}

async function stopRecorder(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await ended;
}

interface Connection {
  readonly port: number;
  readonly ca: string;
  readonly agent: Agent;
}

function send({ port, ca, agent }: Connection, method: string, path: string, ask: Ask): Promise<Reply> {
  const body = ask.raw ?? (ask.body === undefined ? undefined : JSON.stringify(ask.body));
  const headers = {
    host: AUTHORITY,
    ...(ask.token === undefined ? {} : { authorization: `Bearer ${ask.token}` }),
    ...(body === undefined
      ? {}
      : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) }),
    ...ask.headers,
  };
  return new Promise((resolve, reject) => {
    const sent = request(
      { host: '127.0.0.1', port, method, path, ca, agent, servername: AUTHORITY, headers },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8');
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text, json: parse(text) });
        });
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Challenges answer plain text.
    return undefined;
  }
}
