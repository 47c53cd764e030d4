// The time of an instance, as every feature reads it: the system's, and in the dev profile what travelling has added.
// Tokens are not its business: those are checked against real time, always.
import { integer } from '../../formats/shape.ts';
import { follow } from '../../store/sealed/follow-records.ts';
import { recordKind } from '../../store/sealed/record-kind.ts';

/** Unix seconds of the system. */
export const systemSeconds = (): number => Date.now() / 1000;

interface ClockOptions {
  /** Unix seconds of the system. */
  readonly systemNow: () => number;
  /** False: the record is not honoured, wherever it came from. */
  readonly travels: () => boolean;
  /** The time has jumped. */
  readonly jumped: () => void;
}

/** A hundred years: every time that follows is still one that clients can read. */
export const MAX_OFFSET = 36_525 * 86_400;

export const clockKind = recordKind({
  of: 'clock',
  about: 'By how many seconds the clock of a development instance is ahead',
  travels: 'stays',
  members: { offset: integer(0, MAX_OFFSET) },
});

export type InstanceClock = ReturnType<typeof openClock>;

export function openClock({ systemNow, travels, jumped }: ClockOptions) {
  let stored = 0;
  const offset = (): number => (stored === 0 || !travels() ? 0 : stored);
  const follows = [
    follow(clockKind, (_, moved) => {
      stored = moved?.offset ?? 0;
      jumped();
    }),
  ];
  return {
    /** Unix seconds. */
    now: (): number => Math.floor(systemNow()) + offset(),
    /** Seconds that travelling has added to real time. */
    get offset(): number {
      return offset();
    },
    follows,
  };
}
