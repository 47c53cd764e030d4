// All backup and restore jobs of the instance in memory, fed by the sealed records: every worker knows of every job.
import { type Follow, follow } from '../../../store/sealed/follow-records.ts';
import type { Change } from '../../../store/sealed/records.ts';
import { type Job, jobKind } from './job.ts';

/** Ended jobs that stay for whoever polls late. */
const KEPT = 20;

export class BackupJobs {
  readonly #jobs = new Map<string, Job>();
  /** The one that has no end yet, whoever runs it. Set by `apply` alone. */
  running: Job | undefined;

  readonly follows: readonly Follow[] = [
    follow(jobKind, (id, job) => {
      if (job === undefined) this.#jobs.delete(id);
      else this.#jobs.set(id, { ...job, id });
      this.running = [...this.#jobs.values()].find(({ status }) => status === 'InProgress');
    }),
  ];

  get(id: string): Job | undefined {
    return this.#jobs.get(id);
  }

  /** Ended, with something left that is no backup. */
  get leftovers(): readonly (Job & { readonly writing: string })[] {
    return [...this.#jobs.values()].filter(
      (job): job is Job & { readonly writing: string } => job.status !== 'InProgress' && job.writing !== undefined,
    );
  }

  /** The earliest end of a full backup that succeeded and is still remembered; Unix seconds. */
  get earliestBackup(): number | undefined {
    const ends = this.#backups().map(({ endTime }) => endTime ?? 0);
    return ends.length === 0 ? undefined : Math.min(...ends);
  }

  /** The same of the latest. */
  get latestBackup(): number | undefined {
    const ends = this.#backups().map(({ endTime }) => endTime ?? 0);
    return ends.length === 0 ? undefined : Math.max(...ends);
  }

  /** What goes when a new job comes: the oldest ended ones, but never the first full backup that succeeded. */
  planForgetting(): readonly Change[] {
    const ended = [...this.#jobs.values()].filter(({ status }) => status !== 'InProgress').sort(byEnd);
    const [firstBackup] = this.#backups().sort(byEnd);
    return ended
      .slice(0, Math.max(0, ended.length - KEPT + 1))
      .filter((job) => job !== firstBackup)
      .map(({ id }) => jobKind.remove(id));
  }

  #backups(): Job[] {
    return [...this.#jobs.values()].filter(({ kind, status }) => kind === 'backup' && status === 'Succeeded');
  }
}

function byEnd(a: Job, b: Job): number {
  return (a.endTime ?? 0) - (b.endTime ?? 0) || (a.id < b.id ? -1 : 1);
}
