// The time of an instance, as every feature reads it: the system's, and in the dev profile what travelling has added.
// Tokens are not its business: those are checked against real time, always.
import { StoreError } from '../../store/port.ts';
import type { Change } from '../../store/sealed/records.ts';

export interface InstanceClock {
  /** Unix seconds. */
  now(): number;
  /** Seconds that travelling has added to real time. */
  readonly offset: number;
  /** Takes a change of the clock's record; leaves others alone. */
  apply(change: Change): void;
}

export interface ClockOptions {
  /** Unix seconds of the system. */
  readonly systemNow: () => number;
  /** False: the record is not honoured, wherever it came from. */
  readonly travels: () => boolean;
  /** The time has jumped. */
  readonly jumped: () => void;
}

export const CLOCK_RECORD = 'clock';
/** A hundred years: every time that follows is still one that clients can read. */
export const MAX_OFFSET = 36_525 * 86_400;

export function openClock({ systemNow, travels, jumped }: ClockOptions): InstanceClock {
  let stored = 0;
  const offset = (): number => (travels() ? stored : 0);
  return {
    now: () => Math.floor(systemNow()) + offset(),
    get offset() {
      return offset();
    },
    apply({ name, value }) {
      if (name !== CLOCK_RECORD) return;
      stored = value === null ? 0 : decodeOffset(value);
      jumped();
    },
  };
}

export function encodeOffset(offset: number): Uint8Array {
  return Buffer.from(JSON.stringify({ offset }), 'utf8');
}

function decodeOffset(value: Uint8Array): number {
  const { offset } = JSON.parse(Buffer.from(value).toString('utf8')) as { offset?: unknown };
  if (typeof offset === 'number' && Number.isInteger(offset) && offset >= 0 && offset <= MAX_OFFSET) return offset;
  throw new StoreError('Damaged', 'the clock record does not hold an offset');
}
