// A blob service of tests' own: Azurite on a free port with an account made for this run, over TLS when a token should be
// taken. It keeps everything in memory and is ended by its pid.
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import {
  BlobServiceClient,
  type ContainerClient,
  ContainerSASPermissions,
  generateBlobSASQueryParameters,
  newPipeline,
  type RequestPolicyFactory,
  SASProtocol,
  StorageSharedKeyCredential,
} from '@azure/storage-blob';
import { BlobHttpClient, PROTOCOL_VERSION } from '../../src/features/backup/storage/blob/http-client.ts';

export interface AzuriteOptions {
  /** Served over TLS, and tokens of `https://sts.windows.net/…` are taken. */
  readonly tls?: { readonly certificateFile: string; readonly keyFile: string; readonly caFile: string };
  readonly folder: string;
  /** Absent: a name of this run's own. */
  readonly account?: string;
}

export interface SasOptions {
  readonly permissions?: string;
  readonly startsOn?: Date;
  readonly expiresOn?: Date;
}

export interface Azurite extends AsyncDisposable {
  readonly origin: string;
  readonly account: string;
  readonly pid: number;
  /** `{origin}/{account}/{container}` */
  containerUri(name: string): string;
  /** As the public cloud writes it, below a name that nobody resolves: `https://{account}.blob.localhost:{port}/{container}` */
  cloudUri(name: string): string;
  /** As the owner of the account sees it. */
  container(name: string): ContainerClient;
  makeContainer(name: string): Promise<ContainerClient>;
  /** For one container, by default for an hour and with all that backups need. */
  sas(container: string, options?: SasOptions): string;
}

/** What the owner's key signs has the version in it, so it is set before. */
const speakingVersion: RequestPolicyFactory = {
  create: (next) => ({
    sendRequest(request) {
      request.headers.set('x-ms-version', PROTOCOL_VERSION);
      return next.sendRequest(request);
    },
  }),
};
const MAIN = join(import.meta.dirname, '../../node_modules/azurite/dist/src/blob/main.js');

export async function startAzurite({
  tls,
  folder,
  account = `test${randomBytes(6).toString('hex')}`,
}: AzuriteOptions): Promise<Azurite> {
  const key = randomBytes(64).toString('base64');
  const secure = tls === undefined ? [] : ['--cert', tls.certificateFile, '--key', tls.keyFile, '--oauth', 'basic'];
  const child = spawn(
    process.execPath,
    [
      MAIN,
      ...['--blobHost', '127.0.0.1', '--blobPort', '0', '--inMemoryPersistence'],
      ...['--disableTelemetry', '--silent'],
      ...secure,
    ],
    { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'], env: { AZURITE_ACCOUNTS: `${account}:${key}`, HOME: folder } },
  );
  const origin = await originOf(child);
  const credential = new StorageSharedKeyCredential(account, key);
  const httpClient = new BlobHttpClient({
    origin,
    ...(tls === undefined ? {} : { ca: await readFile(tls.caFile, 'utf8') }),
    addresses: [],
    deadlineMs: 120_000,
    stopping: new AbortController().signal,
  });
  const pipeline = newPipeline(credential, { httpClient });
  pipeline.factories.push(speakingVersion);
  const service = new BlobServiceClient(`${origin}/${account}`, pipeline);
  return {
    origin,
    account,
    pid: child.pid ?? 0,
    cloudUri: (name) => `${origin.replace('127.0.0.1', `${account}.blob.localhost`)}/${name}`,
    containerUri: (name) => `${origin}/${account}/${name}`,
    container: (name) => service.getContainerClient(name),
    async makeContainer(name) {
      const container = service.getContainerClient(name);
      await container.create();
      return container;
    },
    sas: (containerName, { permissions = 'racwdl', startsOn, expiresOn } = {}) =>
      generateBlobSASQueryParameters(
        {
          containerName,
          permissions: ContainerSASPermissions.parse(permissions),
          expiresOn: expiresOn ?? new Date(Date.now() + 3_600_000),
          ...(startsOn === undefined ? {} : { startsOn }),
          protocol: SASProtocol.HttpsAndHttp,
        },
        credential,
      ).toString(),
    async [Symbol.asyncDispose]() {
      httpClient[Symbol.dispose]();
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      await ended;
    },
  };
}

async function originOf(child: ChildProcess): Promise<string> {
  const { stdout } = child;
  if (stdout === null) throw new Error('azurite was started without a pipe');
  for await (const line of createInterface({ input: stdout })) {
    const [, origin] = /listens on (https?:\/\/127\.0\.0\.1:\d+)/.exec(line) ?? [];
    if (origin === undefined) continue;
    stdout.resume();
    return origin;
  }
  throw new Error('azurite ended before it listened');
}
