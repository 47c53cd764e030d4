// One job on its way: does the work, commits its progress now and then, and commits how it ended, whatever happens.
import type { Change, Head, Records } from '../../../store/sealed/records.ts';
import type { BackupJobs } from './backup-jobs.ts';
import { type Job, type JobError, jobChange } from './job.ts';

/** How a job went that did what it was asked for. */
export interface Success {
  readonly details: string;
  readonly folderUri?: string;
  /** Of the commit that did it and, by `RunningJob.succeeded`, ended the job as well. */
  readonly head?: Head;
}

export interface RunningJob {
  readonly id: string;
  /** Shown by polls from its next commit on. */
  progress(details: string): void;
  /**
   * Remembers the folder that is written into from now on, durably, for whoever has to take it away should this worker be
   * killed; undefined when nothing of it is there any more.
   */
  writes(folderUri: string | undefined): Promise<void>;
  /** For a plan: ends the job in the commit that does its work. @throws JobLostError when it has ended already */
  succeeded(details: string): Change;
}

/** The job was ended by another worker: what it was about to do must not happen. */
export class JobLostError extends Error {
  override readonly name = 'JobLostError';
}

export interface JobRun {
  readonly job: Job;
  readonly work: (job: RunningJob) => Promise<Success>;
  readonly jobs: BackupJobs;
  readonly records: Pick<Records, 'update'>;
  readonly now: () => number;
  /** What to say of a failure, and whether it is one. */
  readonly explain: (error: unknown) => { readonly status: 'Failed' | 'Canceled'; readonly error: JobError };
  readonly report: (what: string, error: unknown) => void;
  readonly progressEveryMs: number;
}

/** How it ended and the commit that says so; undefined when another worker ended it. @throws StoreError */
export async function runJob(run: JobRun): Promise<{ readonly job: Job; readonly head: Head } | undefined> {
  const { job, jobs, records, now } = run;
  /** The record as the instance has it, while it still is in progress and ours. */
  const current = (): Job | undefined => {
    const found = jobs.get(job.id);
    return found?.status === 'InProgress' && found.worker === job.worker ? found : undefined;
  };
  await using progress = openProgress(run, current);
  let outcome: Partial<Job>;
  try {
    const success = await run.work({
      id: job.id,
      progress: (details) => progress.show(details),
      async writes(folderUri) {
        await records.update(() => {
          const found = current();
          if (found === undefined) throw new JobLostError(`the job ${job.id} has ended already`);
          const { writing: _, ...rest } = found;
          return [jobChange(folderUri === undefined ? rest : { ...rest, writing: folderUri })];
        });
      },
      succeeded(statusDetails) {
        const found = current();
        if (found === undefined) throw new JobLostError(`the job ${job.id} has ended already`);
        return jobChange({ ...found, status: 'Succeeded', statusDetails, endTime: now() });
      },
    });
    const { details, folderUri = null, head } = success;
    outcome = { status: 'Succeeded', statusDetails: details, folderUri };
    if (head !== undefined) return { job: jobs.get(job.id) ?? { ...job, ...outcome }, head };
  } catch (error) {
    outcome = { ...run.explain(error), statusDetails: progress.shown };
  }
  await progress[Symbol.asyncDispose]();
  let end: Job | undefined;
  const head = await records.update(() => {
    const found = current();
    const left = outcome.status === 'Succeeded' ? undefined : found?.writing;
    const writing = left === undefined ? {} : { writing: left };
    end = found === undefined ? undefined : { ...job, ...outcome, ...writing, endTime: now() };
    return end === undefined ? [] : [jobChange(end)];
  });
  return end === undefined ? undefined : { job: end, head };
}

interface Progress extends AsyncDisposable {
  readonly shown: string;
  show(details: string): void;
}

function openProgress({ records, report, progressEveryMs }: JobRun, current: () => Job | undefined): Progress {
  let shown = '';
  let written = '';
  let writing: Promise<void> | undefined;
  const write = async (statusDetails: string): Promise<void> => {
    try {
      await records.update(() => {
        const found = current();
        return found === undefined ? [] : [jobChange({ ...found, statusDetails })];
      });
      written = statusDetails;
    } catch (error) {
      // The job goes on: what it does is worth more than what it says.
      report('progress of a backup job', error);
    }
    writing = undefined;
  };
  const ticker = setInterval(() => {
    if (writing === undefined && shown !== written) writing = write(shown);
  }, progressEveryMs);
  ticker.unref();
  return {
    get shown() {
      return shown;
    },
    show(details) {
      shown = details;
    },
    async [Symbol.asyncDispose]() {
      clearInterval(ticker);
      await writing;
    },
  };
}
