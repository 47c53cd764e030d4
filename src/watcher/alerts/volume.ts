// What is an unusual number of requests in an hour: twice as many as the third busiest hour of the seven days before had. So neither a
// nightly run nor two exceptions in a week make an hour unusual, and the alert can say in a sentence why it came.
import type { AlertState } from './alert-state.ts';

type Volume = Omit<AlertState['volumes'][string], 'log'>;

const HOUR = 3_600_000;
const WEEK = 168;
/** Hours that must have been seen. */
const LEARNING = 24;
const BUSIEST = 3;
/** Hours. */
const AHEAD = 3;

/** @param least requests in an hour that are never unusual @returns why this one makes the hour unusual, once in that hour */
export function judgeVolume(
  before: Volume | undefined,
  time: number,
  least: number,
): { readonly volume: Volume; readonly why: string | undefined } {
  const now = Math.floor(time / HOUR);
  const { hour, count, past, told } = atHour(before, now);
  const counted = { hour, count: count + 1, past, told };
  const usual = [...past].sort((a, b) => b - a)[BUSIEST - 1] ?? 0;
  const from = Math.max(least, 2 * usual);
  if (past.length < LEARNING || counted.count < from || told === hour) return { volume: counted, why: undefined };
  return {
    volume: { ...counted, told: hour },
    why:
      `${counted.count} requests in the hour from ${new Date(hour * HOUR).toISOString()} on. Of the ${past.length} hours before, the third ` +
      `busiest had ${usual}; an hour is unusual from ${from} on. The last one: `,
  };
}

/** An entry that is older than the hour belongs to it all the same: clocks of two workers differ by moments. */
function atHour(before: Volume | undefined, now: number): Volume {
  // A clock that was far ahead has taught nothing.
  if (before === undefined || before.hour > now + AHEAD) return { hour: now, count: 0, past: [], told: 0 };
  if (now <= before.hour) return before;
  const idle = Math.min(WEEK, now - before.hour - 1);
  return {
    ...before,
    hour: now,
    count: 0,
    past: [...before.past, before.count, ...Array<number>(idle).fill(0)].slice(-WEEK),
  };
}
