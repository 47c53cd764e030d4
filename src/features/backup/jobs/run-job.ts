// One job on its way: does the work, commits its progress now and then, and commits how it ended, whatever happens.
import { type Change, commitPlanned, type Head, NO_ENTRY, type Records } from '../../../store/sealed/records.ts';
import type { BackupJobs } from './backup-jobs.ts';
import { type Job, type JobError, jobChange } from './job.ts';
import { jobErrorOf } from './job-error.ts';

/** How a job went that did what it was asked for. */
export interface Success {
  readonly details: string;
  readonly folderUri?: string;
  /** Of the commit that did it and, by `RunningJob.succeeded`, ended the job as well. */
  readonly head?: Head;
}

export type Work = (job: RunningJob) => Promise<Success>;

export interface RunningJob {
  readonly id: string;
  /** Shown by polls from its next commit on. */
  progress(details: string): void;
  /**
   * Remembers the folder that is written into from now on, durably, for whoever has to take it away should this worker be
   * killed; undefined when nothing of it is there any more.
   */
  writes(folderUri: string | undefined): Promise<void>;
  /** For a plan: ends the job in the commit that does its work. @throws Error when it has ended already */
  succeeded(details: string): Change;
}

/** What a job runs in. */
export interface JobRunning {
  readonly jobs: BackupJobs;
  readonly records: Pick<Records, 'update'>;
  /** Unix seconds of the instance's clock. */
  readonly now: () => number;
  readonly report: (what: string, error: unknown) => void;
  /** Time between two commits of progress. */
  readonly progressEveryMs?: number;
}

export interface Running extends JobRunning {
  readonly job: Job;
  readonly work: Work;
  readonly stopping: AbortSignal;
}

/** A job, and the commit that says so. */
export interface End {
  readonly job: Job;
  readonly head: Head;
}

const STOPPED: JobError = {
  code: 'Stopped',
  message: 'The service was stopped; nothing was changed. Start the job again',
};

/** How it ended; undefined when another worker ended it. @throws StoreError */
export async function runJob(run: Running): Promise<End | undefined> {
  const { job, work, jobs, records, now, report, stopping } = run;
  let outcome: Pick<Job, 'status'> & Partial<Job>;
  {
    await using progress = openProgress(run);
    try {
      const {
        details,
        folderUri = null,
        head,
      } = await work({
        id: job.id,
        progress: progress.show,
        async writes(folderUri) {
          await records.update(() => {
            const { writing: _, ...rest } = requireCurrent(run);
            return [jobChange(folderUri === undefined ? rest : { ...rest, writing: folderUri })];
          }, NO_ENTRY);
        },
        succeeded: (statusDetails) =>
          jobChange({ ...requireCurrent(run), status: 'Succeeded', statusDetails, endTime: now() }),
      });
      outcome = { status: 'Succeeded', statusDetails: details, folderUri };
      if (head !== undefined) return { job: jobs.get(job.id) ?? { ...job, ...outcome }, head };
    } catch (error) {
      const statusDetails = progress.shown();
      outcome = stopping.aborted
        ? { status: 'Canceled', error: STOPPED, statusDetails }
        : {
            status: 'Failed',
            error: jobErrorOf(error, (hidden) => report(`${job.kind} job ${job.id}`, hidden)),
            statusDetails,
          };
    }
  }
  const { end, head } = await commitPlanned(
    (plan) => records.update(plan),
    () => {
      const found = currentOf(run);
      if (found === undefined) return { end: undefined, changes: [] };
      const { writing, ...rest } = found;
      const left = outcome.status === 'Succeeded' || writing === undefined ? {} : { writing };
      const end: Job = { ...rest, ...outcome, ...left, endTime: now() };
      return { end, changes: [jobChange(end)] };
    },
  );
  return end === undefined ? undefined : { job: end, head };
}

/** The record as the instance has it, while it still is in progress and ours. */
function currentOf({ job, jobs }: Running): Job | undefined {
  const found = jobs.get(job.id);
  return found?.status === 'InProgress' && found.worker === job.worker ? found : undefined;
}

function requireCurrent(run: Running): Job {
  const found = currentOf(run);
  // By another worker: what it was about to do must not happen.
  if (found === undefined) throw new Error(`the job ${run.job.id} has ended already`);
  return found;
}

interface Progress extends AsyncDisposable {
  readonly shown: () => string;
  readonly show: (details: string) => void;
}

function openProgress(run: Running): Progress {
  const { records, report, progressEveryMs = 2000 } = run;
  let shown = '';
  let written = '';
  let writing: Promise<void> | undefined;
  const write = async (statusDetails: string): Promise<void> => {
    try {
      await records.update(() => {
        const found = currentOf(run);
        return found === undefined ? [] : [jobChange({ ...found, statusDetails })];
      }, NO_ENTRY);
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
    shown: () => shown,
    show(details) {
      shown = details;
    },
    async [Symbol.asyncDispose]() {
      clearInterval(ticker);
      await writing;
    },
  };
}
