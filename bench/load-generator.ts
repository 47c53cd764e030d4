// The load generator process: takes one job over IPC, keeps its connections busy, reports, and waits for the next. The
// same program loads the product and the echo server, so that its cost is in both.
import { Arrivals, ClosedLoop } from './load/arrivals.ts';
import { Connection } from './load/connection.ts';
import { Histogram } from './load/histogram.ts';
import type { GeneratorMessage, LoadJob, LoadReport, Sample } from './load/job.ts';

/** The first answer of every connection is kept, and then every 499th (a prime: all requests get their turn). */
const SAMPLE_EVERY = 499;
const MAX_SAMPLES = 256;
const GIVE_UP_AFTER_LOSSES = 1000;
/** So many are opened at a time: more would only wait in the listener's queue. */
const OPENING = 64;
const OPEN_WITHIN_MS = 120_000;
/** How often is looked for what is due: the finest that timers have. It is part of the latency of paced requests. */
const PACE_MS = 1;

process.on('message', (job: LoadJob) => {
  void run(job).then(
    (report) => send({ kind: 'report', report }),
    (error: unknown) => send({ kind: 'failed', message: error instanceof Error ? error.message : String(error) }),
  );
});

function send(message: GeneratorMessage): void {
  process.send?.(message);
}

async function run(job: LoadJob): Promise<LoadReport> {
  const errors: Record<string, number> = {};
  const latencies = new Histogram();
  const samples: Sample[] = [];
  let measuring = false;
  let completed = 0;
  let answers = 0;
  let losses = 0;
  const count = (what: string): void => {
    errors[what] = (errors[what] ?? 0) + 1;
  };

  const requests =
    job.perSecond === undefined
      ? new ClosedLoop(job.inFlight ?? job.connections)
      : new Arrivals(performance.now(), job.perSecond);
  const inTurn = job.perSecond !== undefined || job.inFlight !== undefined;
  const over = Promise.withResolvers<undefined>();
  const connections: Connection[] = [];
  const answered = Array.from({ length: job.connections }, () => 0);
  let turn = 0;
  /** Until nothing more is due, or each has been asked. */
  const offerInTurn = (): void => {
    for (let asked = 0; asked < connections.length; asked += 1) {
      if (connections[turn]?.offer() === false) return;
      turn = turn + 1 < connections.length ? turn + 1 : 0;
    }
  };
  const allOpen = Promise.withResolvers<undefined>();
  let opened = 0;
  const openMore = (): void => {
    if (connections.length < job.connections) open(connections.length);
  };
  const open = (index: number): void => {
    let isNew = true;
    let first = true;
    const connection: Connection = new Connection(job, index, {
      due: () => requests.take(performance.now()),
      free() {
        if (isNew) {
          isNew = false;
          opened += 1;
          if (opened === job.connections) allOpen.resolve(undefined);
          openMore();
        }
        if (inTurn) offerInTurn();
        else connection.offer();
      },
      answered(micros, sent, status, bytes, from, to) {
        requests.settled();
        answers += 1;
        answered[index] = (answered[index] ?? 0) + 1;
        const isRight = status === (job.statuses?.[sent.request] ?? 200);
        if (!isRight) count(`HTTP ${status}`);
        if (measuring) {
          if (isRight) completed += 1;
          latencies.record(micros);
        }
        if ((first || answers % SAMPLE_EVERY === 0) && samples.length < MAX_SAMPLES) {
          const body = Uint8Array.prototype.slice.call(bytes, from, to);
          samples.push({ ...sent, connection: index, status, body });
        }
        first = false;
      },
      lost(reason, inFlight) {
        if (inFlight) requests.settled();
        count(reason);
        losses += 1;
        // What it had in flight may have been done: nobody knows from where to go on.
        if (job.numbers !== undefined) over.reject(new Error(`a connection was lost: ${reason}`));
        else if (losses > GIVE_UP_AFTER_LOSSES)
          over.reject(new Error(`${losses} connections were lost; last: ${reason}`));
        else open(index);
      },
    });
    connections[index] = connection;
  };

  const pace = job.perSecond === undefined ? undefined : setInterval(offerInTurn, PACE_MS);
  try {
    for (let opening = 0; opening < OPENING; opening += 1) openMore();
    // Fewer than that are open at once, or never will be.
    if (job.connections > OPENING) await Promise.race([over.promise, allOpen.promise, notOpen(job.connections)]);
    await Promise.race([over.promise, elapse(job.warmUpMs)]);
    send({ kind: 'warm' });
    measuring = true;
    const start = performance.now();
    const cpu = process.cpuUsage();
    await Promise.race([over.promise, elapse(job.measureMs)]);
    measuring = false;
    const used = process.cpuUsage(cpu);
    const elapsedMs = performance.now() - start;
    const unsent = requests.behind(performance.now());
    if (job.numbers !== undefined) {
      await Promise.race([over.promise, Promise.all(connections.map((each) => each.finish()))]);
    }
    return {
      completed,
      answers,
      elapsedMs,
      errors,
      latencies: latencies.toRecord(),
      unsent,
      samples,
      answered,
      cpuMicros: used.user + used.system,
    };
  } finally {
    clearInterval(pace);
    for (const connection of connections) connection.close();
  }
}

/** The process ends without waiting for this. */
function notOpen(connections: number): Promise<never> {
  const sentence = `${connections} connections could not be opened within ${OPEN_WITHIN_MS / 1000} s`;
  return new Promise((_, reject) => void setTimeout(() => reject(new Error(sentence)), OPEN_WITHIN_MS).unref());
}

function elapse(milliseconds: number): Promise<undefined> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds, undefined));
}
