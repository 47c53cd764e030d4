// What backups have left unfinished whose end could not take it away: the worker was killed, or the service stopped. Jobs
// remember the folder that they wrote into, so it is known to be ours; nothing that others have begun is touched.
import { NO_ENTRY } from '../../store/sealed/records.ts';
import { jobChange } from './jobs/job.ts';
import type { BackupService } from './service.ts';
import type { BackupStorage, OpenStorage } from './storage/port.ts';

export type Leaving = Pick<BackupService, 'jobs' | 'records' | 'report'>;

/** Of one place, whose credential somebody has just given. Never fails: what stays is tried again with the next backup. */
export async function clearLeftovers({ jobs, records, report }: Leaving, storage: BackupStorage): Promise<void> {
  for (const { id, writing } of jobs.leftovers) {
    const { place, folder } = split(writing);
    if (place !== storage.uri) continue;
    try {
      await storage.abandon(folder);
      await records.update(() => {
        const found = jobs.get(id);
        if (found?.writing !== writing || found.status === 'InProgress') return [];
        const { writing: _, ...rest } = found;
        return [jobChange(rest)];
      }, NO_ENTRY);
    } catch (error) {
      report(`what the backup job ${id} has left`, error);
    }
  }
}

/** Of all directories: they need no credential, so it can be done at a start. Never fails. */
export async function clearLeftDirectories(
  leaving: Leaving,
  openStorage: OpenStorage,
  stopping: AbortSignal,
): Promise<void> {
  const places = new Set(leaving.jobs.leftovers.map(({ writing }) => split(writing).place));
  for (const storageResourceUri of places) {
    if (!storageResourceUri.startsWith('file:')) continue;
    try {
      await using storage = await openStorage({ storageResourceUri, credential: { kind: 'none' } }, stopping);
      await clearLeftovers(leaving, storage);
    } catch (error) {
      leaving.report('what backups have left', error);
    }
  }
}

function split(uri: string): { readonly place: string; readonly folder: string } {
  const at = uri.lastIndexOf('/');
  return { place: uri.slice(0, at), folder: uri.slice(at + 1) };
}
