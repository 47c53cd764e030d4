// One operation of one service in several short rounds, and the row that comes of them.
import type { LoadGenerator } from '../load/generator.ts';
import { Histogram } from '../load/histogram.ts';
import type { LoadReport, Sample } from '../load/job.ts';
import { isDisturbed, watchDisturbance } from '../machine/disturbance.ts';
import { processTimes } from '../machine/processes.ts';
import { requestBytes } from '../product/request-bytes.ts';
import { seeAuditGrowth } from '../protections.ts';
import { countWrong } from '../samples.ts';
import type { Peer, PeerOperation } from './peers.ts';
import type { SoftHsm } from './softhsm.ts';

export interface PeerRow {
  readonly operation: PeerOperation;
  readonly service: string;
  /** Of the rounds, that in the middle, and the ends. */
  readonly opsPerSecond: number;
  readonly slowest: number;
  readonly fastest: number;
  readonly disturbed: boolean;
  /** What is known of a service that is asked over a network. */
  readonly served?: {
    readonly p50Ms: number;
    readonly p99Ms: number;
    /** Processor time of the service's processes per operation. */
    readonly cpuMicros: number;
    readonly checked: number;
    readonly wrong: number;
    readonly errors: Readonly<Record<string, number>>;
    /** Entries that its audit log grew by, and its answers meanwhile. */
    readonly audit: { readonly entries: number; readonly answers: number } | undefined;
  };
}

export interface Rounds {
  round(): Promise<void>;
  row(): Promise<PeerRow>;
}

export interface Load {
  readonly generator: LoadGenerator;
  readonly connections: number;
  /** Of a round. */
  readonly seconds: number;
}

const WARM_UP_MS = 500;

/** Rounds of requests over the network. */
export async function servedRounds(operation: PeerOperation, name: string, peer: Peer, load: Load): Promise<Rounds> {
  const prepared = await peer.prepare(operation);
  const job = {
    ...peer.service.endpoint,
    connections: load.connections,
    warmUpMs: WARM_UP_MS,
    measureMs: load.seconds * 1000,
    requests: prepared.requests.map((request) => requestBytes(request, peer.service)),
  };
  // Counted from here: what is recorded of the preparation would hide an entry that is not there.
  const before = await peer.auditEntries();
  const reports: LoadReport[] = [];
  let cpuMicros = 0;
  let disturbed = false;
  const used = (): number => peer.pids.reduce((sum, pid) => sum + (processTimes(pid)?.ownMicros ?? Number.NaN), 0);
  return {
    async round() {
      let watch = watchDisturbance();
      let start = Number.NaN;
      const report = await load.generator.run(job, () => {
        watch = watchDisturbance();
        start = used();
      });
      cpuMicros += used() - start;
      disturbed ||= isDisturbed(watch.end());
      reports.push(report);
    },
    async row() {
      const answers = total(reports.map((report) => report.answers));
      const audit = await seeAuditGrowth(() => peer.auditEntries(), before, answers);
      const samples: readonly Sample[] = reports.flatMap((report) => report.samples);
      const latencies = Histogram.from(reports.flatMap((report) => report.latencies));
      return {
        ...middle(
          operation,
          name,
          reports.map(({ completed, elapsedMs }) => (completed * 1000) / elapsedMs),
        ),
        disturbed,
        served: {
          p50Ms: latencies.quantile(0.5) / 1000,
          p99Ms: latencies.quantile(0.99) / 1000,
          cpuMicros: cpuMicros / total(reports.map(({ completed }) => completed)),
          checked: samples.length,
          wrong: await countWrong(prepared, samples),
          errors: sumOf(reports.map(({ errors }) => errors)),
          audit,
        },
      };
    },
  };
}

/** Rounds of calls on every core, without a network. */
export function localRounds(operation: PeerOperation, name: string, softHsm: SoftHsm, seconds: number): Rounds {
  const rates: number[] = [];
  let disturbed = false;
  return {
    async round() {
      const watch = watchDisturbance();
      rates.push(await softHsm.measure(operation, seconds));
      disturbed ||= isDisturbed(watch.end());
    },
    row: () => Promise.resolve({ ...middle(operation, name, rates), disturbed }),
  };
}

export function middle(operation: PeerOperation, service: string, rates: readonly number[]) {
  const sorted = rates.toSorted((a, b) => a - b);
  const at = (index: number): number => sorted.at(index) ?? Number.NaN;
  return { operation, service, opsPerSecond: at(sorted.length >> 1), slowest: at(0), fastest: at(-1) };
}

function total(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0);
}

function sumOf(counts: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const sum: Record<string, number> = {};
  for (const [what, times] of counts.flatMap(Object.entries<number>)) sum[what] = (sum[what] ?? 0) + times;
  return sum;
}
