// A full backup of a product's instance into the folder that its dev profile allows.
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { openInstanceClient } from '../../src/cli/instance-client.ts';
import { places } from '../../src/deployment/data-layout.ts';

/** @returns the backup's folder @throws Error with what the job said */
export async function makeFullBackup(data: string, instance = 'dev'): Promise<string> {
  const client = openInstanceClient({ data, 'hsm-name': instance });
  const { backups } = places(data);
  const started = await client.ask('POST', '/backup?api-version=7.6', {
    storageResourceUri: pathToFileURL(backups).href,
  });
  const { jobId } = started as { readonly jobId: string };
  for (;;) {
    const job = (await client.ask('GET', `/backup/${jobId}/pending?api-version=7.6`)) as {
      readonly status: string;
      readonly error: unknown;
      readonly azureStorageBlobContainerUri: string;
    };
    if (job.status === 'Succeeded') return join(backups, job.azureStorageBlobContainerUri.split('/').at(-1) ?? '');
    if (job.status !== 'InProgress') throw new Error(`the backup ended ${job.status}: ${JSON.stringify(job.error)}`);
    await delay(50);
  }
}
