// A server that speaks S3, with object lock: Versity's gateway before a folder of its own.
import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { S3Credentials } from '../../src/watcher/sinks/s3/credentials-file.ts';
import { freePort } from './free-port.ts';

export interface S3Server extends AsyncDisposable {
  readonly origin: string;
  readonly region: string;
  /** Of its owner. */
  readonly credentials: S3Credentials;
}

export async function startS3Server(folder: string): Promise<S3Server> {
  const [region, credentials] = ['eu-test-1', { accessKeyId: 'AKTEST', secretAccessKey: 'a/secret+of=tests' }] as const;
  const places = ['buckets', 'versions', 'sidecar'].map((name) => join(folder, name));
  for (const place of places) mkdirSync(place);
  const [buckets = '', versions = '', sidecar = ''] = places;
  const port = await freePort();
  const child = spawn(
    'versitygw',
    [
      ...['--port', `127.0.0.1:${port}`, '--region', region],
      ...['posix', '--versioning-dir', versions, '--sidecar', sidecar, buckets],
    ],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: {
        PATH: process.env['PATH'],
        ROOT_ACCESS_KEY_ID: credentials.accessKeyId,
        ROOT_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      },
    },
  );
  for await (const line of createInterface({ input: child.stdout }))
    if (line.includes(`http://127.0.0.1:${port}`)) break;
  child.stdout.resume();
  return {
    origin: `http://127.0.0.1:${port}`,
    region,
    credentials,
    async [Symbol.asyncDispose]() {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      await ended;
    },
  };
}
