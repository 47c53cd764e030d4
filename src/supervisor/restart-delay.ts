// How long to wait before a dead child is started again.

/** A child that lived this long was well: its earlier failures no longer count. */
export const WELL_AFTER_MS = 30_000;
/** After so many quick failures in a row the trouble is reported and the pace slows. */
export const QUICK_FAILURES = 5;
const FIRST_MS = 100;
const SLOW_MS = 30_000;

/** @param failures quick failures in a row, this one included */
export function restartDelay(failures: number): number {
  return failures >= QUICK_FAILURES ? SLOW_MS : FIRST_MS * 2 ** (failures - 1);
}
