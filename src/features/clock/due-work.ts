// Work that falls due: each job says when, and is run once its time has come. Every worker of an instance does this;
// that a due thing is done once is for the job to see to, by a plan that looks again on the state it commits to.

export interface DueJob {
  readonly name: string;
  /** Unix seconds of the instance's clock at which there is something to do; undefined: nothing ahead. */
  nextDue(): number | undefined;
  /** Does all that is due. What it throws is reported, and it is run again later. */
  run(): Promise<void>;
}

interface DueWorkOptions {
  readonly jobs: readonly DueJob[];
  /** Unix seconds of the instance's clock. */
  readonly now: () => number;
  /** Takes over what other workers have committed. */
  readonly refresh: () => Promise<void> | undefined;
  readonly report: (job: string, error: unknown) => void;
  /** Longest time without a look: what other workers commit is not told to this one. */
  readonly everyMs?: number;
}

export type DueWork = ReturnType<typeof openDueWork>;

export function openDueWork({ jobs, now, refresh, report, everyMs = 30_000 }: DueWorkOptions) {
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;
  let again = false;
  let closed = false;

  async function runDue(): Promise<void> {
    try {
      await refresh();
    } catch (error) {
      report('refresh', error);
      return;
    }
    for (const job of jobs) {
      try {
        const due = job.nextDue();
        if (due !== undefined && due <= now() && !closed) await job.run();
      } catch (error) {
        report(job.name, error);
      }
    }
  }

  /** One look: runs what is due, and resolves when that is done. */
  function look(): Promise<void> {
    if (closed) return Promise.resolve();
    if (running !== undefined) {
      again = true;
      return running;
    }
    clearTimeout(timer);
    running = (async () => {
      do {
        again = false;
        await runDue();
      } while (again && !closed);
    })().finally(() => {
      running = undefined;
      if (!closed) timer = setTimeout(() => void look(), untilNext());
      timer?.unref();
    });
    return running;
  }

  /** What failed is still due: it waits for the usual turn rather than be tried without a pause. */
  function untilNext(): number {
    const times = jobs.map((job) => job.nextDue()).filter((time) => time !== undefined);
    const soonest = Math.min(...times) - now();
    return soonest > 0 && soonest * 1000 < everyMs ? soonest * 1000 : everyMs;
  }

  return {
    /** Not at once: it may be called while a change is being taken over. */
    wake: (): void => void setImmediate(() => void look()),
    look,
    async [Symbol.asyncDispose](): Promise<void> {
      closed = true;
      clearTimeout(timer);
      await running;
    },
  };
}
