// All figures of one worker, put together when they are asked for: what its pipeline counted, how module and recorder fare, what its
// features know of sealed records, and what its processes cost.
import { randomUUID, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { CryptoClient } from '../crypto/client/crypto-client.ts';
import type { Served } from '../features/part.ts';
import type { Sample } from '../formats/metric-table.ts';
import type { AuditLog } from '../links/recorder/audit-log.ts';
import type { WorkerMetrics } from '../links/worker-metrics.ts';
import type { Gateway } from './instance-gateway.ts';

export interface OwnMetricsParts {
  readonly gateway: Pick<Gateway, 'listeners' | 'told' | 'keySets' | 'droppedSpans'>;
  readonly crypto: Pick<CryptoClient, 'pids' | 'health'>;
  readonly audit: Pick<AuditLog, 'isRecording' | 'waiting'>;
  readonly partitions: number;
  readonly served: readonly Pick<Served, 'gauges'>[];
}

export function openOwnMetrics(parts: OwnMetricsParts): () => Promise<WorkerMetrics> {
  const epoch = randomUUID();
  const modules = new ModuleTimes();
  let toldBefore = false;
  return async () => {
    const kept = await Promise.all(parts.served.map(async ({ gauges }) => (await gauges?.()) ?? []));
    const { samples, histograms } = parts.gateway.told();
    const metrics: WorkerMetrics = {
      epoch,
      toldBefore,
      samples: [...samples, ...kept.flat(), ...stateOf(parts), ...costsOf(modules.at(parts.crypto.pids))],
      histograms,
    };
    toldBefore = true;
    return metrics;
  };
}

function stateOf({ gateway, crypto, audit, partitions }: OwnMetricsParts): readonly Sample[] {
  const { losses, load } = crypto.health;
  const end = new X509Certificate(gateway.listeners.certificate).validToDate.getTime() / 1000;
  const keys = gateway.keySets().flatMap(({ readAt, expiresAt }, nth): readonly Sample[] => {
    const labels = { issuer: String(nth) };
    return [
      ...(readAt === undefined
        ? []
        : [{ name: 'strongroom_token_keys_read_timestamp_seconds', labels, value: readAt } as const]),
      ...(expiresAt === undefined
        ? []
        : [{ name: 'strongroom_token_key_expiry_timestamp_seconds', labels, value: expiresAt } as const]),
    ];
  });
  return [
    { name: 'strongroom_module_partitions', value: crypto.pids.length },
    { name: 'strongroom_module_partitions_wanted', value: partitions },
    { name: 'strongroom_module_partition_losses_total', value: losses },
    { name: 'strongroom_trace_spans_dropped_total', value: gateway.droppedSpans() },
    { name: 'strongroom_module_load', value: load },
    { name: 'strongroom_recorder_up', value: audit.isRecording ? 1 : 0 },
    { name: 'strongroom_audit_entries_waiting', value: audit.waiting },
    { name: 'strongroom_certificate_expiry_timestamp_seconds', value: end },
    ...keys,
  ];
}

interface Cost {
  readonly seconds: number;
  readonly bytes: number;
}

function costsOf(module: Cost | undefined): readonly Sample[] {
  const { user, system } = process.cpuUsage();
  const own: Cost = { seconds: (user + system) / 1e6, bytes: process.memoryUsage.rss() };
  return Object.entries({ service: own, module }).flatMap(([kind, cost]): readonly Sample[] => {
    if (cost === undefined) return [];
    const labels = { process: kind };
    return [
      { name: 'strongroom_process_cpu_seconds_total', labels, value: cost.seconds },
      { name: 'strongroom_process_resident_memory_bytes', labels, value: cost.bytes },
    ];
  });
}

/** Of the partitions, as the system counts it; where it does not tell, they are not told. */
class ModuleTimes {
  /** What those that are gone had taken when they were looked at last: the sum never falls. */
  #gone = 0;
  #last: ReadonlyMap<number, number> = new Map();

  at(pids: readonly number[]): Cost | undefined {
    const now = new Map<number, number>();
    let bytes = 0;
    for (const pid of pids) {
      const cost = costOf(pid);
      if (cost === undefined) continue;
      now.set(pid, cost.seconds);
      bytes += cost.bytes;
    }
    for (const [pid, seconds] of this.#last) if (!now.has(pid)) this.#gone += seconds;
    this.#last = now;
    if (now.size === 0) return undefined;
    return { seconds: [...now.values()].reduce((sum, each) => sum + each, this.#gone), bytes };
  }
}

/** USER_HZ, which Linux tells programs always, and the page of the machines it runs on here. */
const TICKS = 100;
const PAGE = 4096;

/** proc(5): utime and stime are fields 14 and 15, the resident pages 24; the name before may have spaces. */
function costOf(pid: number): Cost | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { seconds: (Number(fields[11]) + Number(fields[12])) / TICKS, bytes: Number(fields[21]) * PAGE };
  } catch {
    return undefined; // no Linux, or it has just ended
  }
}
