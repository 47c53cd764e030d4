// A full backup, its check and its restore, of an instance of the product as it is shipped, to a directory on the same disk.
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { createKeys } from '../bench-keys.ts';
import { fillStore } from '../keys/fill.ts';
import { versionCount } from '../keys/filled-keys.ts';
import { watchDisturbance } from '../machine/disturbance.ts';
import { environment } from '../machine/environment.ts';
import { memoryOfAll } from '../machine/process-memory.ts';
import { API_VERSION, connectHsm, type Hsm, requestHeaders } from '../product/hsm.ts';
import { call } from '../product/https-call.ts';
import { INSTANCE, startProduct } from '../product/product.ts';
import { rawWriting } from './raw-writing.ts';
import type { BackupResults } from './report.ts';

export async function runBackupBench(keys: number, progress: (text: string) => void): Promise<BackupResults> {
  const folder = mkdtempSync(join(tmpdir(), 'strongroom-bench-backup-'));
  const data = join(folder, 'data');
  try {
    progress('first start');
    {
      await using product = await startProduct(folder, 'first');
      await createKeys(await connectHsm(product));
    }
    progress(`${keys} keys: filling`);
    await fillStore(data, INSTANCE, 0, keys);
    await using product = await startProduct(folder, 'filled');
    const hsm = await connectHsm(product);
    const watch = watchDisturbance();
    const service = (): number =>
      Math.max(
        ...memoryOfAll(product.ready.processes)
          .filter(({ role }) => role.startsWith('service'))
          .map(({ rssKiB }) => rssKiB),
      );
    const before = service();
    const place = join(data, 'backups');
    const storageResourceUri = pathToFileURL(place).href;
    progress('backup');
    const backup = await timeJob(hsm, 'POST', '/backup', { storageResourceUri }, service);
    const name = backup.folderUri.split('/').at(-1) ?? '';
    const files = readdirSync(join(place, name)).map((file) => statSync(join(place, name, file)).size);
    progress('what the machine can do');
    const raw = rawWriting(files, folder);
    const advanceSeconds = 31 * 60;
    const { status, text } = await send(hsm, 'POST', '/strongroom/clock', { advanceSeconds });
    if (status !== 200) throw new Error(`the clock did not move: ${status} ${text}`);
    const what = { sasTokenParameters: { storageResourceUri }, folderToRestore: name };
    progress('check of the restore');
    const check = await timeJob(hsm, 'PUT', '/prerestore', what, service);
    progress('restore');
    const restore = await timeJob(hsm, 'PUT', '/restore', what, service);
    return {
      environment: environment(),
      keys,
      versions: versionCount(keys),
      bytes: files.reduce((sum, bytes) => sum + bytes, 0),
      parts: files.length,
      raw,
      serviceKiB: { before, backup: backup.mostKiB, check: check.mostKiB, restore: restore.mostKiB },
      ms: { backup: backup.ms, check: check.ms, restore: restore.ms },
      disturbance: watch.end(),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface TimedJob {
  readonly ms: number;
  readonly folderUri: string;
  readonly mostKiB: number;
}

async function timeJob(hsm: Hsm, method: string, path: string, body: object, memory: () => number): Promise<TimedJob> {
  const begin = performance.now();
  const started = await send(hsm, method, path, body);
  if (started.status !== 202) throw new Error(`${path}: ${started.status} ${started.text}`);
  const { jobId } = JSON.parse(started.text) as { readonly jobId: string };
  let mostKiB = 0;
  for (;;) {
    const { status, text } = await send(
      hsm,
      'GET',
      `/${path.includes('backup') ? 'backup' : 'restore'}/${jobId}/pending`,
    );
    if (status !== 200) throw new Error(`${path}: ${status} ${text}`);
    const job = JSON.parse(text) as { readonly status: string; readonly azureStorageBlobContainerUri?: string };
    mostKiB = Math.max(mostKiB, memory());
    if (job.status === 'Succeeded') {
      return { ms: performance.now() - begin, folderUri: job.azureStorageBlobContainerUri ?? '', mostKiB };
    }
    if (job.status !== 'InProgress') throw new Error(`${path}: ${text}`);
    await sleep(100);
  }
}

function send({ endpoint, token }: Hsm, method: string, path: string, body?: object): ReturnType<typeof call> {
  const text = body === undefined ? undefined : JSON.stringify(body);
  return call(endpoint, method, `${path}?api-version=${API_VERSION}`, requestHeaders(token), text);
}
