// What the supervisor and the watcher say to each other, besides what every child says.
import { list, oneOf, record, text } from '../formats/shape.ts';
import { FARES } from './instance-messages.ts';
import { message, question } from './messages.ts';
import { readWatchAct } from './watch-act.ts';

const watchedInstance = record({
  name: text,
  activation: oneOf(...FARES, 'Stopped'),
  message: text,
});
export type WatchedInstance = ReturnType<typeof watchedInstance>;

/** Supervisor → watcher, whenever it changes: which instances there are, and how each fares. */
export const watched = message(40, { instances: list(watchedInstance) });
/** Watcher → supervisor: to be put into the log of the instance; where none is named, into that of the management plane. */
export const recordWatch = question(41, { instance: 'text', act: readWatchAct });
