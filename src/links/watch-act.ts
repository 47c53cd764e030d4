// What the watcher may have put on record: a closed list, so that whoever has it cannot write what others do into a log.
import { oneOf, record, text } from '../formats/shape.ts';

export const WATCH_ACTS = ['AlertFired', 'AlertDelivered', 'AlertGivenUp', 'AlertSilenced'] as const;

export const readWatchAct = record(
  { what: oneOf(...WATCH_ACTS), description: text },
  {
    /** Why it could not be done. */
    failure: text,
  },
);
export type WatchAct = ReturnType<typeof readWatchAct>;
