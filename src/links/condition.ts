// How a deployment fares, as the supervisor tells the watcher: what it sees of its processes, and what they tell it of themselves.
// Codes and figures; nothing of what an instance holds.
import { flag, integer, isoTime, list, oneOf, record, text } from '../formats/shape.ts';
import { FARES } from './instance-messages.ts';

const share = record({ ready: integer(0, 10_000), wanted: integer(0, 10_000) });

const instance = record(
  {
    name: text,
    activation: oneOf(...FARES, 'Stopped'),
    /** It does not start since the store is not the one that was left behind. */
    storeRefused: flag,
    workers: share,
    /** Processes of the module. */
    modules: share,
    /** Its process serves. */
    recorder: flag,
    /** Workers can put on record what they are to answer. */
    recording: flag,
  },
  {
    /** Absent: it has none, or one that does not read. */
    certificateEnds: isoTime,
  },
);
export type InstanceCondition = ReturnType<typeof instance>;

export const readCondition = record(
  {
    /** The front and the management plane. */
    control: flag,
    managementRecorder: flag,
    instances: list(instance, 1000),
  },
  { certificateEnds: isoTime },
);
/** `certificateEnds` beside `control` is that of its names. */
export type Condition = ReturnType<typeof readCondition>;
