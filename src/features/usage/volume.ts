// Whether a day had more calls, or fewer, than is usual: against the median of the days of its kind before it, and how far those lie
// from it in the middle (MAD). Neither is moved by a few days that were unusual themselves, and both can be said in a sentence.

import { DAY_MS } from '../audit/index/usage.ts';

export interface DayVolume {
  /** `2026-11-28`, UTC. */
  readonly day: string;
  readonly count: number;
  readonly verdict: 'usual' | 'high' | 'low' | 'not known';
  /** What it was held against, and why it is what it is said to be. */
  readonly because: string;
}

const WEEK = 7;
/** That are looked at before a day. */
export const DAYS_BEFORE = 8 * WEEK;
/** Days of one kind from which something can be told. */
const FEWEST_WEEKDAYS = 4;
const FEWEST_DAYS = 7;
/** Makes the MAD of normally spread numbers their standard deviation. */
const TO_SPREAD = 1.4826;
/** So many spreads away is unusual. */
const FAR = 5;
const NAMES = ['Thursdays', 'Fridays', 'Saturdays', 'Sundays', 'Mondays', 'Tuesdays', 'Wednesdays'];

/**
 * @param counts by days since 1970; a day without calls need not be there
 * @param first day of which the log was read @param today is not over: it can be high already, and low not yet
 */
export function judgeDay(counts: ReadonlyMap<number, number>, day: number, first: number, today: number): DayVolume {
  const count = counts.get(day) ?? 0;
  const text = new Date(day * DAY_MS).toISOString().slice(0, 10);
  const before = Array.from({ length: Math.min(DAYS_BEFORE, day - first) }, (_, i) => day - 1 - i);
  const sameWeekday = before.filter((each) => (day - each) % WEEK === 0);
  const byWeek = sameWeekday.length >= FEWEST_WEEKDAYS;
  const compared = byWeek ? sameWeekday : before;
  if (compared.length < (byWeek ? FEWEST_WEEKDAYS : FEWEST_DAYS)) {
    return {
      day: text,
      count,
      verdict: 'not known',
      because: `there are ${before.length} days before it, ${FEWEST_DAYS} are needed`,
    };
  }
  const values = compared.map((each) => counts.get(each) ?? 0);
  const usual = median(values);
  const spread = TO_SPREAD * median(values.map((each) => Math.abs(each - usual)));
  // Of calls that come by chance alone, the count spreads by its root.
  const allowed = FAR * Math.max(spread, Math.sqrt(usual), 1);
  const verdict =
    count > usual + allowed && count >= 2 * usual
      ? 'high'
      : count < usual - allowed && count <= usual / 2 && day !== today
        ? 'low'
        : 'usual';
  const kind = byWeek ? `${values.length} ${NAMES[day % WEEK] ?? ''}` : `${values.length} days`;
  const times = usual === 0 ? '' : `, ${(count / usual).toFixed(1)} times as many`;
  const range = `${Math.max(0, Math.ceil(usual - allowed))} to ${Math.floor(usual + allowed)}`;
  return {
    day: text,
    count,
    verdict,
    because: `${count} calls; ${round(usual)} is the median of the ${kind} before it, ${range} is within what they vary by${times}`,
  };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const [low = 0, high = 0] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
  return (low + high) / 2;
}

function round(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toFixed(1);
}
