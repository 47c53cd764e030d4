// Asks all the time how an instance fares, as whoever leads clients to it or watches over it does: each time on a new connection.
import { setTimeout as sleep } from 'node:timers/promises';
import { call as outbound } from '../../src/http/outbound.ts';
import { Histogram } from '../load/histogram.ts';
import { call, type Endpoint } from '../product/https-call.ts';

const EVERY_MS = 200;

export interface HealthSeen {
  /** The path that is asked for. */
  readonly path: string;
  readonly asked: number;
  /** Another answer than 200, or none in the time that who asks waits for one. */
  readonly failed: number;
  readonly p50Ms: number;
  readonly worstMs: number;
}

interface Question {
  readonly path: string;
  /** Status of the answer, 0 for none. */
  ask(): Promise<number>;
}

/** The instance itself, and the listener beside it: what a kubelet waits for as long as it does by itself, and Prometheus as it does. */
export function healthQuestions(endpoint: Endpoint, listener: string): readonly Question[] {
  const beside = (path: string, withinMs: number): Question => ({
    path,
    ask: () => statusOf(outbound({ url: new URL(path, listener), withinMs }, 16 * 1024 * 1024)),
  });
  return [
    { path: '/healthz', ask: () => statusOf(call(endpoint, 'GET', '/healthz', {})) },
    beside('/livez', 1_000),
    beside('/readyz', 1_000),
    beside('/metrics', 10_000),
  ];
}

async function statusOf(answer: Promise<{ readonly status: number }>): Promise<number> {
  return answer.then(
    ({ status }) => status,
    () => 0,
  );
}

export function watchHealth(questions: readonly Question[]): () => Promise<readonly HealthSeen[]> {
  const over = new AbortController();
  const all = Promise.all(questions.map((each) => watch(each, over.signal)));
  return () => {
    over.abort();
    return all;
  };
}

async function watch({ path, ask }: Question, over: AbortSignal): Promise<HealthSeen> {
  const latencies = new Histogram();
  let [asked, failed] = [0, 0];
  while (!over.aborted) {
    const from = performance.now();
    asked += 1;
    if ((await ask()) !== 200) failed += 1;
    latencies.record((performance.now() - from) * 1000);
    await sleep(EVERY_MS);
  }
  return { path, asked, failed, p50Ms: latencies.quantile(0.5) / 1000, worstMs: latencies.quantile(1) / 1000 };
}
