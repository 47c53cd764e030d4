// Starts backups and restores: one at a time for the instance, whichever worker it is asked of. A job that lost its worker
// is ended by whoever looks at it next; one whose worker stops is cancelled.

import { ServiceError } from '../../../http/service-error.ts';
import { type Commit, commitPlanned, type Head } from '../../../store/sealed/records.ts';
import { isRestoreMode, type Job, type JobError, type JobKind, jobChange } from './job.ts';
import { type End, type JobRunning, type Running, runJob, type Work } from './run-job.ts';

/** Tells workers apart, and whether one is still there. */
export interface WorkerIds {
  readonly own: string;
  isAlive(mark: string): boolean;
}

export interface JobEngineOptions extends JobRunning {
  readonly randomHex: (bytes: number) => string;
  readonly workers: WorkerIds;
  /** Puts the end on record. @param head of the commit that ended it */
  readonly ended: (job: Job, head: Head) => Promise<void>;
}

export interface Caller {
  readonly oid: string;
  /** With the caller's right, also long after the request. */
  readonly commit: Commit;
}

const LOST: JobError = {
  code: 'WorkerLost',
  message: 'The worker that ran the job ended before the job did; nothing was changed by it. Start it again',
};

export class JobEngine implements AsyncDisposable {
  readonly #options: JobEngineOptions;
  readonly #stop = new AbortController();
  /** The jobs that this worker runs, or is about to: more than one only while one ends. */
  readonly #own = new Map<string, Promise<void>>();

  constructor(options: JobEngineOptions) {
    this.#options = options;
  }

  /** Aborted when the service stops. */
  get stopping(): AbortSignal {
    return this.#stop.signal;
  }

  /** Resolves when none of its jobs runs. */
  async idle(): Promise<void> {
    await Promise.all(this.#own.values());
  }

  /** A full restore is under way in some worker that is alive. */
  get isRestoring(): boolean {
    const { running } = this.#options.jobs;
    return running !== undefined && isRestoreMode(running) && this.#isAlive(running);
  }

  /**
   * Begins a job that goes on after this resolves.
   * @throws ServiceError Conflict while there is another
   */
  async start(kind: JobKind, { oid, commit }: Caller, work: Work): Promise<End> {
    this.#stop.signal.throwIfAborted();
    const job = this.#newJob(kind, oid);
    const { promise, resolve } = Promise.withResolvers<void>();
    // Before it is committed: nobody may see the job and think that it has no worker.
    this.#own.set(job.id, promise);
    const over = (): void => {
      this.#own.delete(job.id);
      resolve();
    };
    try {
      const head = await this.#begin(job, commit);
      void this.#run({ ...this.#options, job, work, stopping: this.#stop.signal }).finally(over);
      return { job, head };
    } catch (error) {
      over();
      throw error;
    }
  }

  /** A job that ends as it begins: the poll tells why. @throws ServiceError Conflict */
  async refuse(kind: JobKind, { oid, commit }: Caller, error: JobError, malformed: boolean): Promise<End> {
    const begun = this.#newJob(kind, oid);
    const job: Job = { ...begun, status: 'Failed', endTime: begun.startTime, error, malformed };
    return { job, head: await this.#begin(job, commit) };
  }

  /** Ends the job of a worker that is gone. */
  async settle(): Promise<void> {
    if (this.#lostJob() === undefined) return;
    const { ended, records } = this.#options;
    const { lost, head } = await commitPlanned(
      (plan) => records.update(plan),
      () => {
        const lost = this.#lostJob();
        return { lost, changes: lost === undefined ? [] : [jobChange(lost)] };
      },
    );
    if (lost !== undefined) await ended(lost, head);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new DOMException('the service stops', 'AbortError'));
    await Promise.all(this.#own.values());
  }

  async #begin(job: Job, commit: Commit): Promise<Head> {
    const { jobs } = this.#options;
    await this.settle();
    return commit(() => {
      const { running } = jobs;
      if (running !== undefined) {
        throw new ServiceError(
          'Conflict',
          `Another backup or restore is under way (${running.kind} job ${running.id}), and there is one at a time: ` +
            'wait until it has ended',
          { innerCode: 'JobInProgress' },
        );
      }
      return [...jobs.planForgetting(), jobChange(job)];
    });
  }

  async #run(running: Running): Promise<void> {
    try {
      const end = await runJob(running);
      if (end !== undefined) await this.#options.ended(end.job, end.head);
    } catch (error) {
      // Without an end in its record the job counts as lost from now on.
      this.#options.report(`end of the ${running.job.kind} job ${running.job.id}`, error);
    }
  }

  #newJob(kind: JobKind, startedBy: string): Job {
    const { now, randomHex, workers } = this.#options;
    return {
      id: randomHex(16),
      kind,
      status: 'InProgress',
      statusDetails: '',
      startTime: now(),
      endTime: null,
      error: null,
      malformed: false,
      folderUri: null,
      startedBy,
      worker: workers.own,
    };
  }

  /** The running job as it is once it is found to have no worker. */
  #lostJob(): Job | undefined {
    const { jobs, now } = this.#options;
    const { running } = jobs;
    if (running === undefined || this.#isAlive(running)) return undefined;
    return { ...running, status: 'Failed', endTime: now(), error: LOST };
  }

  /** A worker that could not write the end of its job is not running it any more either. */
  #isAlive({ id, worker }: Job): boolean {
    const { workers } = this.#options;
    return worker === workers.own ? this.#own.has(id) : workers.isAlive(worker);
  }
}
