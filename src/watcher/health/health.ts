// The part of the watcher that is asked how everything fares: by what the supervisor says, and certificates as they lie there.
import { X509Certificate } from 'node:crypto';
import type { Places } from '../../deployment/data-layout.ts';
import { type HealthListener, LOOPBACK } from '../../deployment/health-listener.ts';
import { readIfThere } from '../../files/read-if-there.ts';
import type { WatcherPart } from '../watcher-part.ts';
import type { HealthSources } from './answers.ts';
import { openHealthListener } from './listener.ts';
import type { Check, Condition } from './readiness.ts';
import { healthSources } from './sources.ts';

export interface HealthOptions {
  readonly places: Pick<Places, 'controlCertificate' | 'instance'>;
  readonly listener: HealthListener;
  /** Absent: /metrics is not there. */
  readonly metrics?: HealthSources['metrics'];
  /** What other parts of the watcher have found; absent: nothing. */
  readonly also?: () => readonly Check[];
  report(text: string): void;
}

/** Rejects with what the system says when nobody can listen there. */
export async function openHealth({
  places,
  listener,
  metrics,
  also = () => [],
  report,
}: HealthOptions): Promise<WatcherPart> {
  let condition: Condition | undefined;
  let heardAt = 0;
  const sources = healthSources({
    condition: () => condition,
    silentMs: () => performance.now() - heardAt,
    also,
    now: Date.now,
  });
  const { address = LOOPBACK, port, tls } = listener;
  const listening = await openHealthListener({
    address,
    port,
    tls,
    report,
    sources: metrics === undefined ? sources : { ...sources, metrics },
  });
  return {
    update(_logs, instances, processes) {
      heardAt = performance.now();
      condition = {
        ...processes,
        ...ending(places.controlCertificate),
        instances: instances.map((each) => ({ ...each, ...ending(places.instance(each.name).tlsCertificate) })),
      };
    },
    [Symbol.asyncDispose]: () => listening[Symbol.asyncDispose](),
  };
}

function ending(path: string): { readonly certificateEnds?: string } {
  const certificateEnds = certificateEnd(path);
  return certificateEnds === undefined ? {} : { certificateEnds };
}

/** Of one that does not read nothing is said: who replaces it is told elsewhere. */
export function certificateEnd(path: string): string | undefined {
  try {
    const pem = readIfThere(path);
    return pem === undefined ? undefined : new X509Certificate(pem).validToDate.toISOString();
  } catch {
    return undefined;
  }
}
