// How many entries are proven to have been there: those that a checkpoint covers. What stands behind the newest one may be
// what the recorder has not had signed yet, or what is left where the checkpoints that covered it were taken away.
import type { CheckedCheckpoint } from './claims.ts';

export interface Proof {
  /** Entries that a checkpoint covers. */
  readonly proven: number;
  /** Entries behind them. */
  readonly unproven: number;
  /**
   * `all`: every entry is proven. `tail-unsigned`: but for those of the last moments, which a log has while it grows and
   * after a crash. `nothing`: no checkpoint covers anything. `tail-unproven`: those behind the newest checkpoint took longer
   * than it takes to sign one.
   */
  readonly state: 'all' | 'tail-unsigned' | 'tail-unproven' | 'nothing';
}

/** A checkpoint is made about once a second; a machine that is busy may take longer. */
const LONGEST_UNSIGNED_MS = 60_000;

/** @param behind the first and the last entry that no checkpoint covers, as far as there are */
export function proofOf(
  checkpoints: readonly CheckedCheckpoint[],
  size: number,
  [first, last]: readonly (Buffer | undefined)[],
): Proof {
  const proven = Math.max(0, ...checkpoints.filter(({ holds }) => holds).map((checkpoint) => checkpoint.size));
  const unproven = size - proven;
  if (!checkpoints.some(({ holds }) => holds)) return { proven, unproven, state: 'nothing' };
  if (unproven === 0) return { proven, unproven, state: 'all' };
  // A clock that was set back is no reason to believe more.
  const isRecent = Math.abs(timeOf(last) - timeOf(first)) <= LONGEST_UNSIGNED_MS;
  return { proven, unproven, state: isRecent ? 'tail-unsigned' : 'tail-unproven' };
}

/** Milliseconds since 1970; not a number for what is no entry of ours. */
function timeOf(entry: Buffer | undefined): number {
  try {
    const { time } = JSON.parse(entry?.toString('utf8') ?? '') as { readonly time?: unknown };
    return Date.parse(String(time));
  } catch {
    // Damage, and told as that.
    return Number.NaN;
  }
}
