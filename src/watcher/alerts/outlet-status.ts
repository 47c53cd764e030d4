// How an outlet fares: as the watcher tells it in its metrics, and as a command reads it from what the watcher keeps.
import type { AlertState } from './alert-state.ts';

export interface OutletStatus {
  readonly outlet: string;
  /** Alerts that it has not taken. */
  readonly waiting: number;
  /** Messages. */
  readonly taken: number;
  /** Absent: it took what it was sent last. */
  readonly failing?: {
    readonly since: string;
    readonly seconds: number;
    readonly lastFailure: { readonly at: string; readonly why: string };
    readonly next: string;
  };
}

/** @param now milliseconds */
export function outletStatus(outlet: string, kept: AlertState['outlets'][string], now: number): OutletStatus {
  const { pending, aside, sending, taken, failing } = kept;
  const messages = [...aside, ...(sending === undefined ? [] : [sending])];
  const waiting = pending.length + messages.flatMap(({ alerts }) => alerts).length;
  if (failing === undefined) return { outlet, waiting, taken };
  const { since, at, why, next } = failing;
  const seconds = Math.max(0, Math.round((now - since) / 1000));
  const lastFailure = { at: iso(at), why };
  return { outlet, waiting, taken, failing: { since: iso(since), seconds, lastFailure, next: iso(next) } };
}

function iso(time: number): string {
  return new Date(time).toISOString();
}
