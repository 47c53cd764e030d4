// What the supervisor and the watcher say to each other, besides what every child says.
import { flag, integer, list, oneOf, record, text } from '../formats/shape.ts';
import { FARES } from './instance-messages.ts';
import { message, question } from './messages.ts';
import { readWatchAct } from './watch-act.ts';

const share = record({ ready: integer(0, 10_000), wanted: integer(0, 10_000) });

const watchedInstance = record(
  {
    name: text,
    activation: oneOf(...FARES, 'Stopped'),
    /** It does not start: the store is not the one that was left behind. */
    storeRefused: flag,
    /** Those that answer. */
    workers: share,
    /** Processes of the module. */
    modules: share,
    /** Its process answers. */
    recorder: flag,
    /** Workers can put on record what they are to answer. */
    recording: flag,
  },
  {
    /** Workers that run and do not answer; a supervisor that was there before an update does not say. */
    silent: integer(0, 10_000),
    /** Where its events may be sent to, as was decided when it was started: its file may be another since. Absent: nowhere. */
    eventTargets: list(record({ origin: text }, { caFile: text })),
  },
);
export type WatchedInstance = ReturnType<typeof watchedInstance>;

const watchedProcesses = record({
  /** The front and the management plane: they answer. */
  control: flag,
  managementRecorder: flag,
});
export type WatchedProcesses = ReturnType<typeof watchedProcesses>;

/** Supervisor → watcher, whenever it changes and every `HEARD_EVERY_MS`: which instances there are, and how each fares. */
export const watched = message(40, { instances: list(watchedInstance), processes: watchedProcesses });
export type Watched = ReturnType<typeof watched.decode>;
export const HEARD_EVERY_MS = 10_000;
/**
 * Supervisor → watcher, first: the members of the configuration that say what is watched. Not an argument, which everybody on the
 * machine may read: addresses of receivers have secrets in them.
 */
export const settings = message(43, { config: 'json' });
/** Watcher → supervisor: a witness has cosigned this checkpoint of the instance's log. */
export const witnessed = message(49, { instance: 'text', note: 'text' });
/** Watcher → supervisor: to be put into the log of the instance; where none is named, into that of the management plane. */
export const recordWatch = question(41, { instance: 'text', act: readWatchAct });
