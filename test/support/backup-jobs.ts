// Backups and restores of an instance as a client has them: started, polled until they end, by raw HTTPS.
import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import type { Reply, RunningInstance } from './running-instance.ts';

export interface JobShape {
  readonly status: 'InProgress' | 'Succeeded' | 'Failed' | 'Canceled';
  readonly statusDetails: string | null;
  readonly error: { readonly code: string; readonly message: string } | null;
  readonly startTime: number;
  readonly endTime: number | null;
  readonly jobId: string;
  readonly azureStorageBlobContainerUri?: string | null;
}

/** A directory as the URI of a storage. */
export function directoryUri(path: string): string {
  return pathToFileURL(path).href;
}

export function startBackup(instance: RunningInstance, token: string, storageResourceUri: string): Promise<Reply> {
  return instance.ask('POST', '/backup?api-version=7.5-preview.1', { token, body: { storageResourceUri } });
}

export function startRestore(
  instance: RunningInstance,
  token: string,
  storageResourceUri: string,
  folderToRestore: string,
): Promise<Reply> {
  const body = { sasTokenParameters: { storageResourceUri }, folderToRestore };
  return instance.ask('PUT', '/restore?api-version=7.5-preview.1', { token, body });
}

/** Polls the address of the header until the job has ended. */
export async function ended(instance: RunningInstance, token: string, started: Reply): Promise<JobShape> {
  assert.equal(started.status, 202, started.text);
  const url = new URL(String(started.headers['azure-asyncoperation']));
  for (;;) {
    const reply = await instance.ask('GET', url.pathname + url.search, { token });
    assert.equal(reply.status, 200, reply.text);
    const job = reply.json as JobShape;
    if (job.status !== 'InProgress') return job;
    await delay(10);
  }
}

export async function succeeded(instance: RunningInstance, token: string, started: Reply): Promise<JobShape> {
  const job = await ended(instance, token, started);
  assert.equal(job.status, 'Succeeded', JSON.stringify(job));
  return job;
}

/** The folder's own name. */
export async function backedUp(instance: RunningInstance, token: string, storage: string): Promise<string> {
  const { azureStorageBlobContainerUri } = await succeeded(
    instance,
    token,
    await startBackup(instance, token, storage),
  );
  return String(azureStorageBlobContainerUri).split('/').at(-1) ?? '';
}
