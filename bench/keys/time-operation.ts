// The time of one operation, asked for one after the other, and the processor time that the product takes for it.
import type { OperationTimes } from './results.ts';
import type { TimedAnswer } from './timed-client.ts';

/** @param cpuMicros processor time that the product has taken so far */
export async function timeOperation(
  name: string,
  { times, warmUp }: { readonly times: number; readonly warmUp: number },
  ask: (index: number) => Promise<TimedAnswer>,
  cpuMicros: () => number,
): Promise<OperationTimes> {
  const taken: number[] = [];
  let before = cpuMicros();
  for (let index = 0; index < times + warmUp; index++) {
    if (index === warmUp) before = cpuMicros();
    const { ms } = await ask(index);
    if (index >= warmUp) taken.push(ms);
  }
  return { name, ...percentiles(taken), cpuMicros: (cpuMicros() - before) / times };
}

function percentiles(times: number[]): Pick<OperationTimes, 'p50Ms' | 'p99Ms'> {
  times.sort((a, b) => a - b);
  const at = (share: number): number =>
    times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? Number.NaN;
  return { p50Ms: at(0.5), p99Ms: at(0.99) };
}
