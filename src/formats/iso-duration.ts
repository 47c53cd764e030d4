// Durations as ISO 8601 writes them (`P90D`, `P1Y6M`, `PT48H`, `P4W`). Strict: what is read prints back to the same text.
// Years and months are those of the calendar, so how long one is depends on the day that it is counted from.

type Unit = 'years' | 'months' | 'weeks' | 'days' | 'hours' | 'minutes' | 'seconds';

/** Whole numbers, 0 for what is not written; not all of them are 0. */
export type Duration = Readonly<Record<Unit, number>>;

/** No zeros, signs, fractions or leading zeros; weeks stand alone (ISO 8601-1 §5.5.2.2). */
const COUNT = '([1-9]\\d{0,8})';
const DATE = `(?:${COUNT}Y)?(?:${COUNT}M)?(?:${COUNT}D)?`;
const TIME = `(?:T(?=\\d)(?:${COUNT}H)?(?:${COUNT}M)?(?:${COUNT}S)?)?`;
const WEEKS = new RegExp(`^P${COUNT}W$`);
const DURATION = new RegExp(`^P(?=[\\dT])${DATE}${TIME}$`);

/** Undefined when the text is no duration. */
export function parseDuration(text: string): Duration | undefined {
  const weeks = WEEKS.exec(text)?.[1];
  if (weeks !== undefined) return { ...NOTHING, weeks: Number(weeks) };
  const found = DURATION.exec(text);
  if (found === null) return undefined;
  const [years = 0, months = 0, days = 0, hours = 0, minutes = 0, seconds = 0] = found
    .slice(1)
    .map((count) => Number(count ?? 0));
  return { years, months, weeks: 0, days, hours, minutes, seconds };
}

const NOTHING: Duration = { years: 0, months: 0, weeks: 0, days: 0, hours: 0, minutes: 0, seconds: 0 };

export function printDuration({ years, months, weeks, days, hours, minutes, seconds }: Duration): string {
  const part = (count: number, letter: string): string => (count === 0 ? '' : `${count}${letter}`);
  const time = part(hours, 'H') + part(minutes, 'M') + part(seconds, 'S');
  const date = part(years, 'Y') + part(months, 'M') + part(weeks, 'W') + part(days, 'D');
  return `P${date}${time === '' ? '' : `T${time}`}`;
}

/**
 * Months first, to the last day of the month when it has no such day; then what has one length always.
 * @param time Unix seconds; NaN comes out when that leaves the years that dates have
 */
export function addDuration(time: number, duration: Duration, sign: 1 | -1 = 1): number {
  const { years, months, weeks, days, hours, minutes, seconds } = duration;
  const moved = shiftMonths(time, sign * (years * 12 + months));
  return moved + sign * ((weeks * 7 + days) * 86_400 + hours * 3600 + minutes * 60 + seconds);
}

export function subtractDuration(time: number, duration: Duration): number {
  return addDuration(time, duration, -1);
}

function shiftMonths(time: number, months: number): number {
  if (months === 0) return time;
  const date = new Date(time * 1000);
  const day = date.getUTCDate();
  date.setUTCDate(1);
  date.setUTCMonth(date.getUTCMonth() + months);
  const last = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate();
  date.setUTCDate(Math.min(day, last));
  return date.getTime() / 1000;
}
