// What is counted of requests in one worker: how many of which operation came out how, and how long they were in each stage. It is on
// every request's way: typed arrays, a reading of the clock for each stage that there was, and nothing allocated.
import type { HistogramSample, Sample, Told } from '../../formats/metric-table.ts';
import { LATENCY_BOUNDS, STAGES } from '../../formats/metric-table.ts';
import type { Outcome } from '../../http/answer.ts';
import type { Call } from '../../http/call.ts';

export const [NETWORK, TOKEN, ROLES, TURN, MODULE, RECORD, ANSWER] = [0, 1, 2, 3, 4, 5, 6] as const;
type Stage = Call['stage'];

const BOUNDS_MS = Float64Array.from(LATENCY_BOUNDS, (seconds) => seconds * 1000);
const BUCKETS = BOUNDS_MS.length + 1;
/** Behind the buckets. */
const SUM = BUCKETS;
const WIDTH = BUCKETS + 1;

interface OperationFigures {
  /** By code: `OK` or that of a refusal. */
  readonly counts: Map<string, { readonly outcome: string; count: number }>;
  readonly durations: Float64Array;
}

export class RequestFigures {
  readonly #stages = new Float64Array(STAGES.length * WIDTH);
  readonly #operations = new Map<string, OperationFigures>();
  #arrived = 0;
  #left = 0;

  arrived(): void {
    this.#arrived += 1;
  }

  /** The call leaves the stage in which it was. */
  enter(call: Call, stage: Stage): void {
    const now = performance.now();
    observe(this.#stages, call.stage * WIDTH, now - call.stageSince);
    call.trace?.passed(STAGES[call.stage], call.stageSince, now);
    call.stage = stage;
    call.stageSince = now;
  }

  /** Its answer goes out, or would if somebody were still there for it. */
  leave(call: Call, { status, refusal }: Outcome): void {
    this.enter(call, ANSWER);
    this.#left += 1;
    const figures = this.#operations.getOrInsertComputed(call.row?.operationName ?? 'Unknown', newFigures);
    observe(figures.durations, 0, call.stageSince - call.startedAt);
    const code = refusal?.code ?? 'OK';
    const known = figures.counts.get(code);
    if (known === undefined) figures.counts.set(code, { outcome: outcomeOf(status), count: 1 });
    else known.count += 1;
    call.trace?.end(call, status, code);
  }

  /** @param waiting for their turn, by what for */
  told(waiting: Readonly<Record<'module' | 'worker', number>>): Told {
    const requests = [...this.#operations].flatMap(([operation, { counts }]) =>
      [...counts].map(
        ([code, { outcome, count }]): Sample => ({
          name: 'strongroom_requests_total',
          labels: { operation, outcome, code },
          value: count,
        }),
      ),
    );
    const queues = Object.entries(waiting).map(
      ([queue, value]): Sample => ({ name: 'strongroom_requests_waiting', labels: { queue }, value }),
    );
    const stages = STAGES.map(
      (stage, nth): HistogramSample => ({
        name: 'strongroom_request_stage_seconds',
        labels: { stage },
        ...summed(this.#stages.subarray(nth * WIDTH, (nth + 1) * WIDTH)),
      }),
    );
    const whole = [...this.#operations].map(
      ([operation, { durations }]): HistogramSample => ({
        name: 'strongroom_request_duration_seconds',
        labels: { operation },
        ...summed(durations),
      }),
    );
    const inFlight: Sample = { name: 'strongroom_requests_in_flight', value: this.#arrived - this.#left };
    return { samples: [...requests, inFlight, ...queues], histograms: [...stages, ...whole] };
  }
}

function newFigures(): OperationFigures {
  return { counts: new Map(), durations: new Float64Array(WIDTH) };
}

function observe(into: Float64Array, at: number, ms: number): void {
  let bucket = 0;
  while (bucket < BOUNDS_MS.length && ms > (BOUNDS_MS[bucket] as number)) bucket += 1;
  into[at + bucket] = (into[at + bucket] as number) + 1;
  into[at + SUM] = (into[at + SUM] as number) + ms;
}

function outcomeOf(status: number): string {
  if (status < 400) return 'success';
  return status < 500 ? 'refused' : 'failed';
}

function summed(figures: Float64Array): Pick<HistogramSample, 'counts' | 'sum'> {
  return { counts: [...figures.subarray(0, BUCKETS)], sum: (figures[SUM] ?? 0) / 1000 };
}
