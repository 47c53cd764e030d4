// Asks an instance all the time how it is, as whoever leads clients to it does: each time on a new connection.
import { setTimeout as sleep } from 'node:timers/promises';
import { Histogram } from '../load/histogram.ts';
import { call, type Endpoint } from '../product/https-call.ts';

const EVERY_MS = 200;

export interface HealthSeen {
  readonly asked: number;
  readonly failed: number;
  readonly p50Ms: number;
  readonly worstMs: number;
}

export function watchHealth(endpoint: Endpoint): () => Promise<HealthSeen> {
  const latencies = new Histogram();
  let [asked, failed, isOver] = [0, 0, false];
  const watch = async (): Promise<void> => {
    while (!isOver) {
      const from = performance.now();
      asked += 1;
      const status = await call(endpoint, 'GET', '/healthz', {}).then(
        (answer) => answer.status,
        () => 0,
      );
      if (status !== 200) failed += 1;
      latencies.record((performance.now() - from) * 1000);
      await sleep(EVERY_MS);
    }
  };
  const watching = watch();
  return async () => {
    isOver = true;
    await watching;
    return { asked, failed, p50Ms: latencies.quantile(0.5) / 1000, worstMs: latencies.quantile(1) / 1000 };
  };
}
