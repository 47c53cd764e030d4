// Durations as they are typed: a whole number and a unit, `30d`, `12h`, `90m` or `45s`.
import { UsageError } from './command.ts';
import { counted } from './counted.ts';

const SECONDS: Readonly<Record<string, number>> = { d: 86_400, h: 3600, m: 60, s: 1 };

export function readDuration(text: string): number {
  const match = /^([1-9]\d{0,9})([dhms])$/.exec(text);
  const seconds = Number(match?.[1]) * (SECONDS[match?.[2] ?? ''] ?? Number.NaN);
  if (!Number.isSafeInteger(seconds)) throw new UsageError(`'${text}' is not a duration: write 30d, 12h, 90m or 45s`);
  return seconds;
}

/** As people say it: `2 days 3 hours`, `31 minutes`; the two greatest units are enough. */
export function durationText(seconds: number): string {
  const units = [
    ['day', 86_400],
    ['hour', 3600],
    ['minute', 60],
    ['second', 1],
  ] as const;
  const first = units.findIndex(([, size]) => seconds >= size);
  const parts: string[] = [];
  let rest = Math.floor(seconds);
  for (const [name, size] of first === -1 ? [] : units.slice(first, first + 2)) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) parts.push(counted(count, name));
  }
  return parts.length === 0 ? '0 seconds' : parts.join(' ');
}
