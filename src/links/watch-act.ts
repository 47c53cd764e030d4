// What the watcher may have put on record: a closed list, so that whoever has it cannot write what others do into a log.
import { integer, list, oneOf, record, text } from '../formats/shape.ts';

export const WATCH_ACTS = [
  'AlertFired',
  'AlertDelivered',
  'AlertGivenUp',
  'AlertSilenced',
  'AlertsTested',
  'EventDeliver',
] as const;

const count = integer(0, Number.MAX_SAFE_INTEGER);

/** For programs: members of the entry's detail. */
const detail = record(
  {},
  {
    rule: text,
    severity: text,
    alert: text,
    /** Of the entry that it is about. */
    index: count,
    outlet: text,
    message: text,
    alerts: list(text, 100),
    until: text,
    reason: text,
    acceptedBy: text,
    events: list(text, 100),
    /** SHA-256 of a record, hex. */
    record: text,
  },
);

export const readWatchAct = record(
  { what: oneOf(...WATCH_ACTS), description: text, detail },
  {
    /** Why it could not be done. */
    failure: text,
  },
);
export type WatchAct = ReturnType<typeof readWatchAct>;
