// How long failed decryptions take, by reason, and RSA1_5 with paddings right and wrong: one instance, one connection, the reasons in a new random order each round, so
// that what disturbs the machine disturbs all alike. It prints and judges nothing.
//
// usage: node scripts/run.mjs bench/failure-timing.ts [ROUNDS]
import { randomInt, randomUUID } from 'node:crypto';
import {
  type FailingDecryption,
  makeFailingDecryptions,
  makeRsa15Ciphertexts,
} from '../test/support/failing-decryptions.ts';
import { startRunningInstance } from '../test/support/running-instance.ts';
import { table } from './table.ts';

const WARM_UP = 20;
const rounds = Number(process.argv[2] ?? 300);
if (!Number.isSafeInteger(rounds) || rounds < 10) {
  process.stderr.write('usage: node scripts/run.mjs bench/failure-timing.ts [ROUNDS, 10 or more]\n');
  process.exitCode = 2;
} else {
  await measure();
}

async function measure(): Promise<void> {
  await using instance = await startRunningInstance();
  await instance.activate();
  const user = randomUUID();
  await instance.assign('Managed HSM Crypto User', user);
  const token = await instance.issuer.token(user);
  const post = (path: string, body: object) => instance.ask('POST', `${path}?api-version=7.6`, { token, body });
  const failing = [...(await makeRsa15Ciphertexts(post)), ...(await makeFailingDecryptions(post))];
  const times = new Map<FailingDecryption, number[]>(failing.map((one) => [one, []]));
  for (let round = 0; round < WARM_UP + rounds; round++) {
    for (const one of shuffled(failing)) {
      const before = performance.now();
      const { status } = await post(`${one.key}/${one.operation}`, one.body);
      const took = performance.now() - before;
      if (status !== (one.alg === 'RSA1_5' ? 200 : 400))
        throw new Error(`${one.alg} ${one.kind} was answered ${status}`);
      if (round >= WARM_UP) times.get(one)?.push(took * 1000);
    }
  }
  process.stdout.write(report(failing, times));
}

function report(
  failing: readonly FailingDecryption[],
  times: ReadonlyMap<FailingDecryption, readonly number[]>,
): string {
  const lines: string[] = [];
  for (const [name, ones] of Map.groupBy(failing, ({ alg, operation }) => `${operation} ${alg}`)) {
    const secret = ones.filter(({ plain }) => !plain);
    const rows = ones.map((one) => {
      const own = sorted(times.get(one) ?? []);
      const others = secret.filter((other) => other !== one).flatMap((other) => times.get(other) ?? []);
      const apart = one.plain ? '' : rankSum(own, others).toFixed(1);
      return [
        one.kind,
        ...[0.1, 0.5, 0.9].map((fraction) => quantile(own, fraction).toFixed(0)),
        apart,
        one.plain ? 'seen without the key' : '',
      ];
    });
    lines.push(name, ...table(['', 'p10 µs', 'p50 µs', 'p90 µs', 'z', ''], rows), '');
  }
  lines.push(
    'z: rank sum of a reason against the other reasons of its algorithm, in standard deviations. Beyond 4 with many rounds, again',
    'and again with the same sign, is a difference worth looking into; within 3 is chance.',
  );
  return `${lines.join('\n')}\n`;
}

/** Mann and Whitney: how far `own` lies below (negative) or above the others, in standard deviations. */
function rankSum(own: readonly number[], others: readonly number[]): number {
  const pooled = sorted([...own, ...others]);
  const rankOf = (value: number): number => (below(pooled, value, false) + below(pooled, value, true) + 1) / 2;
  const sum = own.reduce((total, value) => total + rankOf(value), 0);
  const [n, m] = [own.length, others.length];
  return (sum - (n * (n + m + 1)) / 2) / Math.sqrt((n * m * (n + m + 1)) / 12);
}

/** How many of the sorted values are smaller, or (`withEqual`) not greater. */
function below(values: readonly number[], limit: number, withEqual: boolean): number {
  let [from, to] = [0, values.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    const value = values[middle] ?? 0;
    if (value < limit || (withEqual && value === limit)) from = middle + 1;
    else to = middle;
  }
  return from;
}

function quantile(values: readonly number[], fraction: number): number {
  return values[Math.min(values.length - 1, Math.floor(values.length * fraction))] ?? Number.NaN;
}

function sorted(values: readonly number[]): number[] {
  return [...values].sort((a, b) => a - b);
}

function shuffled<T>(items: readonly T[]): T[] {
  const out = [...items];
  for (let last = out.length - 1; last > 0; last--) {
    const other = randomInt(last + 1);
    [out[last], out[other]] = [out[other] as T, out[last] as T];
  }
  return out;
}
