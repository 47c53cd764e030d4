// What other parts of the watcher say of themselves, as metrics: how far each sink is behind in each log, how each outlet of
// alerts fares, and when a witness signed last.
import type { WatchedSample } from './exposition.ts';

interface SinkState {
  readonly sink: string;
  /** Name of the instance, or `@management`. */
  readonly log: string;
  readonly behind: { readonly entries: number; readonly seconds: number };
  readonly refused: number;
}

interface OutletState {
  readonly outlet: string;
  readonly waiting: number;
  readonly failing?: { readonly seconds: number };
}

interface WitnessState {
  readonly instance?: string | undefined;
  readonly isManagement: boolean;
  /** Unix seconds. */
  readonly cosignedAt?: number | undefined;
}

export function sinkSamples(states: readonly SinkState[]): readonly WatchedSample[] {
  return states.flatMap(({ sink, log, behind, refused }): readonly WatchedSample[] => {
    const of = { hsm: log, labels: { sink } };
    return [
      { name: 'strongroom_sink_lag_entries', ...of, value: behind.entries },
      { name: 'strongroom_sink_lag_seconds', ...of, value: behind.seconds },
      { name: 'strongroom_sink_refused_entries', ...of, value: refused },
    ];
  });
}

export function outletSamples(states: readonly OutletState[]): readonly WatchedSample[] {
  return states.flatMap(({ outlet, waiting, failing }): readonly WatchedSample[] => [
    { name: 'strongroom_alert_outlet_waiting_alerts', labels: { outlet }, value: waiting },
    { name: 'strongroom_alert_outlet_failing_seconds', labels: { outlet }, value: failing?.seconds ?? 0 },
  ]);
}

/** Logs of instances that are gone are nobody's to look after. */
export function witnessSamples(states: readonly WitnessState[]): readonly WatchedSample[] {
  return states.flatMap(({ instance, isManagement, cosignedAt }): readonly WatchedSample[] => {
    const hsm = instance ?? (isManagement ? '@management' : undefined);
    if (hsm === undefined) return [];
    return [{ name: 'strongroom_witness_signed_timestamp_seconds', hsm, value: cosignedAt ?? 0 }];
  });
}

/** What no worker serves: that of the front. @param ends ISO 8601; undefined: it has none, or one that does not read */
export function frontSamples(ends: string | undefined): readonly WatchedSample[] {
  if (ends === undefined) return [];
  return [{ name: 'strongroom_certificate_expiry_timestamp_seconds', value: Date.parse(ends) / 1000 }];
}
