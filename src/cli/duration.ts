// Durations as they are typed: a whole number and a unit, `30d`, `12h`, `90m` or `45s`.
import { UsageError } from './command.ts';

const SECONDS: Readonly<Record<string, number>> = { d: 86_400, h: 3600, m: 60, s: 1 };

/** @throws UsageError */
export function readDuration(text: string): number {
  const match = /^([1-9]\d{0,9})([dhms])$/.exec(text);
  const seconds = Number(match?.[1]) * (SECONDS[match?.[2] ?? ''] ?? Number.NaN);
  if (!Number.isSafeInteger(seconds)) throw new UsageError(`'${text}' is not a duration: write 30d, 12h, 90m or 45s`);
  return seconds;
}
