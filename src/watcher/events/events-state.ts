// What the watcher keeps of events: how far each log was read, and what of it was not delivered yet.
import { list, mapOf, oneOf, record } from '../../formats/shape.ts';
import { readPlace } from '../sinks/kept-position.ts';
import { type PendingEvent, readPendingEvent } from './recorded-events.ts';

/** Of keys on which the receiver has not failed. */
export const MOST_PENDING = 1_000;
/** All that are kept, but for a batch that brings more. */
export const MOST_KEPT = 2 * MOST_PENDING;

const readEventsState = record({
  format: oneOf('strongroom events 1'),
  /** By id of the log. */
  logs: mapOf(record({ place: readPlace, pending: list(readPendingEvent, 2 * MOST_KEPT) }), 100_000),
});

export interface LogEvents {
  place: ReturnType<typeof readPlace>;
  /** In the order of the log. */
  pending: readonly PendingEvent[];
}

export interface EventsState {
  readonly format: 'strongroom events 1';
  readonly logs: Record<string, LogEvents>;
}

export function newEventsState(): EventsState {
  return { format: 'strongroom events 1', logs: {} };
}

/** @throws Error: it cannot be read for one */
export function parseEventsState(text: string): EventsState {
  return readEventsState(JSON.parse(text), 'events.json') as EventsState;
}
