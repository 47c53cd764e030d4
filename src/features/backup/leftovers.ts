// What backups have left unfinished whose end could not take it away: the worker was killed, or the service stopped. Jobs
// remember the folder that they wrote into, so it is known to be ours; nothing that others have begun is touched.
import type { Records } from '../../store/sealed/records.ts';
import type { BackupJobs } from './jobs/backup-jobs.ts';
import { type Job, jobChange } from './jobs/job.ts';
import type { BackupStorage, OpenStorage } from './storage/port.ts';

export interface Leaving {
  readonly jobs: BackupJobs;
  readonly records: Omit<Records, keyof AsyncDisposable>;
  readonly report: (what: string, error: unknown) => void;
}

/** Of one place, whose credential somebody has just given. Never fails: what stays is tried again with the next backup. */
export async function clearLeftovers({ jobs, records, report }: Leaving, storage: BackupStorage): Promise<void> {
  for (const { id, writing } of jobs.leftovers) {
    const { place, folder } = split(writing);
    if (place !== storage.uri) continue;
    try {
      await storage.abandon(folder);
      await records.update(() => {
        const found = jobs.get(id);
        return found?.writing === writing && found.status !== 'InProgress' ? [jobChange(withoutWriting(found))] : [];
      });
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

export function withoutWriting({ writing: _, ...job }: Job): Job {
  return job;
}

function split(uri: string): { readonly place: string; readonly folder: string } {
  const at = uri.lastIndexOf('/');
  return { place: uri.slice(0, at), folder: uri.slice(at + 1) };
}
