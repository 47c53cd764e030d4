// Requests that are traced: which, by W3C Trace Context and the share that is asked for, and where they were when. Nothing is traced that
// nobody takes: finished ones wait here for whoever asks, and what there is no room for is dropped, and counted.
import { randomBytes } from 'node:crypto';
import type { Call, CallTrace } from '../http/call.ts';
import { type FinishedTrace, MOST_STAGES, MOST_TRACES, type TakenTraces } from '../links/worker-traces.ts';

/** Whoever wants traces asks several times a second. */
const ASKED_WITHIN_MS = 30_000;

/** Version 00, and what later ones have in common with it (Trace Context §3.2). */
const TRACEPARENT = /^(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

export class Tracing {
  readonly #now: () => number;
  #ratio = 0;
  #until = Number.NEGATIVE_INFINITY;
  #finished: FinishedTrace[] = [];
  #droppedSpans = 0;

  /** @param now milliseconds of the monotonic clock */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Undefined: it is not traced, which without anybody who asks is all that this costs. */
  begin(call: Call): CallTrace | undefined {
    if (this.#ratio === 0) return undefined;
    if (call.startedAt > this.#until) {
      this.#ratio = 0;
      return undefined;
    }
    const parent = readTraceparent(call.request.headers['traceparent']);
    // Who calls may keep its own from being traced. Who makes up ids may have all of its own traced, as far as there is room for them.
    if (parent === undefined ? Math.random() >= this.#ratio : !parent.sampled || !isTaken(parent.traceId, this.#ratio))
      return undefined;
    return new RequestTrace(parent, (finished) => this.#keep(finished));
  }

  /** Those that have finished; from now on so much of all requests is traced, for a while. */
  take(ratio: number): TakenTraces {
    this.#ratio = ratio;
    this.#until = this.#now() + ASKED_WITHIN_MS;
    const traces = this.#finished;
    this.#finished = [];
    return { timeOrigin: performance.timeOrigin, traces };
  }

  get droppedSpans(): number {
    return this.#droppedSpans;
  }

  #keep(finished: FinishedTrace): void {
    if (this.#finished.length < MOST_TRACES) this.#finished.push(finished);
    else this.#droppedSpans += 1 + finished.stages.length;
  }
}

interface Parent {
  readonly traceId: string;
  readonly spanId: string;
  readonly sampled: boolean;
}

/** What does not read is as if it were not there (§3.2). */
export function readTraceparent(header: unknown): Parent | undefined {
  const [, version, traceId, spanId, flags, rest] = (typeof header === 'string' && TRACEPARENT.exec(header)) || [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  if (version === '00' && rest !== undefined) return undefined;
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

/** By the last 56 bits, as OpenTelemetry has it for all who look at one trace: they take the same ones. */
function isTaken(traceId: string, ratio: number): boolean {
  return Number.parseInt(traceId.slice(-14), 16) / 2 ** 56 >= 1 - ratio;
}

class RequestTrace implements CallTrace {
  readonly #traceId: string;
  readonly #spanId = randomBytes(8).toString('hex');
  readonly #parent: Parent | undefined;
  readonly #stages: [stage: string, from: number, to: number][] = [];
  readonly #finish: (finished: FinishedTrace) => void;

  constructor(parent: Parent | undefined, finish: (finished: FinishedTrace) => void) {
    this.#parent = parent;
    this.#traceId = parent?.traceId ?? randomBytes(16).toString('hex');
    this.#finish = finish;
  }

  get response(): string {
    return `00-${this.#traceId}-${this.#spanId}-01`;
  }

  passed(stage: string, from: number, to: number): void {
    if (this.#stages.length < MOST_STAGES) this.#stages.push([stage, from, to]);
  }

  end(call: Call, status: number, code: string): void {
    this.#finish({
      traceId: this.#traceId,
      spanId: this.#spanId,
      ...(this.#parent === undefined ? {} : { parentSpanId: this.#parent.spanId }),
      operation: call.row?.operationName ?? 'Unknown',
      method: call.request.method ?? '',
      status,
      code,
      from: call.startedAt,
      to: call.stageSince,
      stages: this.#stages,
    });
  }
}
