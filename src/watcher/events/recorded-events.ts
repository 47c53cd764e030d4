// What a log says of events: those that are to be told, and what became of them. Whoever writes the log may be hostile: what does not
// read is passed over.
import type { NamedEvent } from '../../formats/cloud-event.ts';
import { flag, integer, isoTime, list, oneLine, type Reader, record, ShapeError, text } from '../../formats/shape.ts';

const data: Reader<object> = (value, path) => {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw new ShapeError(`${path} must be an object`);
};

/** `since`: from when on events were told when this one was: of another time they are owed to nobody. */
const due = {
  event: record({ id: oneLine(100), type: oneLine(100), subject: oneLine(200), time: isoTime, data }),
  since: integer(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
};
const readDueEvent = record(due);
export interface DueEvent {
  readonly event: NamedEvent;
  readonly since: number;
}
/** `failed`: the receiver has failed on it, or on one of its key that was given up. */
export const readPendingEvent = record(due, { failed: flag });
export interface PendingEvent extends DueEvent {
  readonly failed?: boolean;
}

export type RecordedEvents = { readonly due: DueEvent } | { readonly over: ReadonlySet<string> };

/** Of one act. */
export const MOST_IN_ACT = 100;
const readIds = list(text, MOST_IN_ACT);
const LONGEST = 16_384;

/** Undefined: it says nothing of events. */
export function recordedEvents(entry: Buffer): RecordedEvents | undefined {
  // Most entries are of requests, and need not be read.
  if (!entry.includes('"operationName":"Event') || entry.length > LONGEST) return undefined;
  try {
    const { operationName, resultSignature, properties } = JSON.parse(entry.toString('utf8')) as {
      readonly operationName?: unknown;
      readonly resultSignature?: unknown;
      readonly properties?: { readonly detail?: Readonly<Record<string, unknown>> };
    };
    const { event, since, events } = properties?.detail ?? {};
    if (operationName === 'EventDue') return { due: readDueEvent({ event, since }, 'detail') };
    if (operationName !== 'EventDeliver' || resultSignature === NOT_DELIVERED) return undefined;
    return { over: new Set(readIds(events, 'events')) };
  } catch {
    return undefined;
  }
}

/** Of an attempt after which there are others. */
export const NOT_DELIVERED = 'NotDelivered';
