// A whole control process inside the test's own: real files, directory, certificates, listener and front. Only the
// instances are pretended: the host below records what it is asked and says that it was done.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request as httpsRequest } from 'node:https';
import { isIP } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Control } from '../../src/control/control-process.ts';
import { startControl } from '../../src/control/control-process.ts';
import { createDevDirectory, type DevSecrets } from '../../src/control/directory/create-dev-directory.ts';
import type { Directory } from '../../src/control/directory/directory.ts';
import { writeDirectoryFile } from '../../src/control/directory/directory-file.ts';
import { type Issued, issueAuthority, issueServer } from '../../src/deployment/dev-ca/issue.ts';
import { CONTROL_NAMES } from '../../src/deployment/dev-ca/kept.ts';
import type { RequestLimits } from '../../src/formats/request-limits.ts';
import type { InstanceHost, InstanceStatus } from '../../src/links/instance-host.ts';
import type { InstanceUpdate } from '../../src/links/instance-update.ts';
import { findLoopbackCaller } from '../../src/links/loopback-caller.ts';
import type { ProvisionRequest } from '../../src/links/provision-request.ts';
import { freePort } from './free-port.ts';
import { type MemoryAudit, memoryAudit } from './memory-audit.ts';

export class PretendedHost implements InstanceHost {
  readonly provisioned: ProvisionRequest[] = [];
  readonly stopped: string[] = [];
  readonly started: string[] = [];
  readonly purged: string[] = [];
  readonly updated: (readonly [name: string, update: InstanceUpdate])[] = [];
  readonly statuses = new Map<string, InstanceStatus>();
  /** Awaited before an instance is said to be made. */
  gate: () => Promise<void> = async () => {};

  async provision(request: ProvisionRequest): Promise<void> {
    await this.gate();
    this.provisioned.push(request);
    this.statuses.set(request.name, { port: 0, activation: 'NotActivated', message: 'The domain was not downloaded.' });
  }
  async stop(name: string): Promise<void> {
    this.stopped.push(name);
    this.statuses.delete(name);
  }
  async start(name: string): Promise<void> {
    await this.gate();
    this.started.push(name);
  }
  async update(name: string, update: InstanceUpdate): Promise<void> {
    await this.gate();
    this.updated.push([name, update]);
  }
  async purge(name: string): Promise<void> {
    await this.gate();
    this.purged.push(name);
  }
  status(name: string): InstanceStatus | undefined {
    return this.statuses.get(name);
  }
}

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  /** The body as JSON; throws when it is none. */
  readonly json: Readonly<Record<string, unknown>>;
}

export interface CallOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  readonly form?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** A loopback address that the client has; absent: 127.0.0.1. */
  readonly from?: string;
}

/** What a test instance knows this front by. */
export const FRONT_TOKEN = new Uint8Array(32).fill(1);

export interface RunningControl extends AsyncDisposable {
  readonly folder: string;
  readonly port: number;
  readonly ca: string;
  readonly authority: Issued;
  readonly directory: Directory;
  readonly secrets: DevSecrets;
  readonly host: PretendedHost;
  readonly logged: readonly string[];
  /** The management plane's log. */
  readonly audit: MemoryAudit;
  /** Moves the clock of everything in it. */
  advance(milliseconds: number): void;
  /** `url` under any of the served names; it goes to the front whatever its host says. */
  call(url: string, options?: CallOptions): Promise<Reply>;
  /** An application's access token for this audience. */
  token(login: { readonly appId: string; readonly secret: string }, audience: string): Promise<string>;
  restart(): Promise<void>;
  /** Of the managed identity endpoint. */
  readonly identityPort: number;
  /** Of its own listener, which clients reach through the front. */
  readonly listenerPort: number;
}

export interface RunningControlOptions {
  readonly limits?: RequestLimits;
  /** Seconds, for the limits; absent: the system's. */
  readonly elapsed?: () => number;
  /** Resource ids of the sinks that the configuration lists. */
  readonly destinations?: readonly string[];
  readonly changeDirectory?: (directory: Directory) => Directory;
}

export interface PreparedFolder {
  readonly folder: string;
  readonly authority: Issued;
  readonly directory: Directory;
  readonly secrets: DevSecrets;
}

/** Everything that has to be in the control process's folder before it starts; the authority's certificate is in `ca/`. */
export async function prepareControlFolder(
  changeDirectory: (directory: Directory) => Directory = (directory) => directory,
): Promise<PreparedFolder> {
  const folder = await mkdtemp(join(tmpdir(), 'strongroom-control-'));
  await chmod(folder, 0o700);
  await mkdir(join(folder, 'ca'));
  const authority = issueAuthority(new Date());
  const server = issueServer(authority, CONTROL_NAMES, new Date());
  await writeFile(join(folder, 'tls-key.pem'), server.key, { mode: 0o600 });
  await writeFile(join(folder, 'tls-certificate.pem'), server.certificate);
  await writeFile(join(folder, 'ca', 'ca.pem'), authority.certificate);
  const { directory: made, secrets } = await createDevDirectory(randomBytes);
  const directory = changeDirectory(made);
  await writeDirectoryFile(folder, directory);
  return { folder, authority, directory, secrets };
}

export async function runControl({
  changeDirectory = (directory) => directory,
  ...limiting
}: RunningControlOptions = {}): Promise<RunningControl> {
  const { folder, authority, directory, secrets } = await prepareControlFolder(changeDirectory);
  const host = new PretendedHost();
  const logged: string[] = [];
  const audit = memoryAudit();
  let offset = 0;
  const port = await freePort();
  const start = (): Promise<Control> =>
    startControl({
      profile: 'dev',
      folder,
      port,
      ca: authority.certificate,
      host: () => host,
      audit,
      frontToken: () => FRONT_TOKEN,
      whoCalls: ({ address, port: from, localPort }, withExecutable) =>
        findLoopbackCaller({ address, port: from }, { address: '127.0.0.1', port: localPort }, withExecutable),
      now: () => Date.now() + offset,
      log: (message) => logged.push(message),
      ...limiting,
    });
  let control = await start();
  const running: RunningControl = {
    folder,
    port,
    ca: join(folder, 'ca', 'ca.pem'),
    authority,
    directory,
    secrets,
    host,
    logged,
    audit,
    get identityPort() {
      return control.identityPort ?? 0;
    },
    get listenerPort() {
      return control.listenerPort;
    },
    advance(milliseconds) {
      offset += milliseconds;
    },
    call: (url, options) => call(port, authority.certificate, url, options),
    async token({ appId, secret }, audience) {
      const reply = await running.call(`https://login.microsoftonline.com/${secrets.tenantId}/oauth2/v2.0/token`, {
        form: {
          grant_type: 'client_credentials',
          client_id: appId,
          client_secret: secret,
          scope: `${audience}/.default`,
        },
      });
      if (reply.status !== 200) throw new Error(`no token: ${reply.text}`);
      return String(reply.json.access_token);
    },
    async restart() {
      await control[Symbol.asyncDispose]();
      control = await start();
    },
    async [Symbol.asyncDispose]() {
      await control[Symbol.asyncDispose]();
      await rm(folder, { recursive: true });
    },
  };
  return running;
}

export async function call(port: number, ca: string, url: string, options: CallOptions = {}): Promise<Reply> {
  const target = new URL(url);
  const { body, type } = encode(options);
  const req = httpsRequest({
    host: '127.0.0.1',
    port,
    ...(isIP(target.hostname) === 0 ? { servername: target.hostname } : {}),
    ...(options.from === undefined ? {} : { localAddress: options.from }),
    path: target.pathname + target.search,
    method: options.method ?? (body === undefined ? 'GET' : 'POST'),
    ca,
    agent: false,
    headers: { host: target.host, ...(type === undefined ? {} : { 'content-type': type }), ...options.headers },
  });
  req.end(body);
  const [res] = (await once(req, 'response')) as [import('node:http').IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of res) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString('utf8');
  return {
    status: res.statusCode ?? 0,
    headers: res.headers,
    text,
    get json() {
      return JSON.parse(text) as Readonly<Record<string, unknown>>;
    },
  };
}

function encode({ json, form, body }: CallOptions): {
  readonly body: string | Buffer | undefined;
  readonly type?: string;
} {
  if (json !== undefined) return { body: JSON.stringify(json), type: 'application/json' };
  if (form !== undefined) {
    return { body: new URLSearchParams(form).toString(), type: 'application/x-www-form-urlencoded' };
  }
  return { body };
}
