// How many entries are proven to have been there: those that a checkpoint covers. What stands behind the newest one may be
// what the recorder has not had signed yet, or what is left where the checkpoints that covered it were taken away.
import type { CheckedCheckpoint } from './claims.ts';

export type Proof = ReturnType<typeof proofOf>;

/** A checkpoint is made about once a second; a machine that is busy may take longer. */
const LONGEST_UNSIGNED_MS = 60_000;

/**
 * @param behind the first and the last entry that no checkpoint covers, as far as there are
 * @returns how many entries a checkpoint covers, how many stand behind them, and `all`: every entry is proven; `tail-unsigned`: but
 *   for those of the last moments, which a log has while it grows and after a crash; `nothing`: no checkpoint covers anything;
 *   `tail-unproven`: those behind the newest checkpoint took longer than it takes to sign one
 */
export function proofOf(
  checkpoints: readonly CheckedCheckpoint[],
  size: number,
  [first, last]: readonly (Buffer | undefined)[],
) {
  const held = checkpoints.filter(({ holds }) => holds);
  const proven = Math.max(0, ...held.map((checkpoint) => checkpoint.size));
  const unproven = size - proven;
  const as = <const S extends string>(state: S) => ({ proven, unproven, state });
  if (held.length === 0) return as('nothing');
  if (unproven === 0) return as('all');
  // A clock that was set back is no reason to believe more.
  const isRecent = Math.abs(timeOf(last) - timeOf(first)) <= LONGEST_UNSIGNED_MS;
  return as(isRecent ? 'tail-unsigned' : 'tail-unproven');
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
