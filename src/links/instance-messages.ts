// What the supervisor and the service workers of an instance say to each other, besides what every child says.
import { readOwnRecoverability } from '../formats/own-recoverability.ts';
import { flag, oneOf, record } from '../formats/shape.ts';
import { readInstanceUpdate } from './instance-update.ts';
import { message, pids, question } from './messages.ts';
import { readWatchAct } from './watch-act.ts';

/** As a worker says it; that one is stopped, the supervisor alone. */
export const FARES = ['NotActivated', 'Active', 'Locked', 'Unknown', 'Failed'] as const;
/** Service → supervisor: how the instance fares, and a sentence. */
export const activation = message(2, { activation: oneOf(...FARES), message: 'text' });
/** Service → supervisor: partitions were respawned. */
export const partitions = message(3, { modulePids: pids });
/** Service → supervisor: how well an active instance could be recovered, when it is other than before. */
export const recoverability = message(4, { own: readOwnRecoverability });
/** Service → supervisor, when either is other than before: what of a worker its answers depend on. */
export const condition = message(5, {
  own: record({
    /** What it is to answer can be put on record. */
    recording: flag,
    /** It does not start: the store is not the one that was left behind. */
    storeRefused: flag,
  }),
});
export type WorkerCondition = ReturnType<typeof condition.decode>['own'];
/** Service → supervisor: somebody asks what the index of its log would tell sooner. */
export const indexWanted = message(6, {});
/** Supervisor → service: what is changed of the configuration; answered when the worker goes by it. */
export const instanceUpdated = question(21, { update: readInstanceUpdate });
/** Supervisor → service: other names stand in `instance.json`; answered when the worker answers under them. */
export const namesChanged = question(25, {});
/**
 * Supervisor → service: others serve now. Every answer is the last of its connection; answered when no client is connected any
 * more, or those that are have not said anything for as long as they may.
 */
export const retire = question(26, {});
/** Supervisor → service: clients are led to it; answered when it listens under the names of its private sockets. */
export const lead = question(27, {});
/** Supervisor → service: a checkpoint that is said to be cosigned by a witness; the worker looks for itself. */
export const logCosigned = message(29, { note: 'text' });
/** Supervisor → service: something that the watcher did for the instance; answered when it is on record. */
export const recordAct = question(28, { act: readWatchAct });
