// What checkpoints say of a log, and whether that is so.
import { NoteError, type NoteVerifier, verifyNote } from '../../../formats/signed-note.ts';
import { parseCheckpoint } from '../../../formats/tlog-checkpoint.ts';
import type { Findings } from './findings.ts';

export interface Claim {
  readonly name: string;
  readonly origin: string;
  readonly size: number;
  readonly root: Buffer;
  readonly signature: 'verified' | 'wrong' | 'not checked';
}

export interface CheckedCheckpoint extends Omit<Claim, 'root'> {
  /** Whether the log begins with exactly the entries that it names. */
  readonly holds: boolean;
}

export function readClaim(
  { name, text }: { readonly name: string; readonly text: string },
  verifier: NoteVerifier | undefined,
  findings: Findings,
): Claim[] {
  try {
    const { note, checkpoint } = parseCheckpoint(text);
    const { origin, size, root } = checkpoint;
    let signature: Claim['signature'] = 'not checked';
    if (verifier !== undefined) signature = verifyNote(note, verifier) ? 'verified' : 'wrong';
    if (signature === 'wrong') findings.add({ file: name, what: 'it is not signed by the key given' });
    if (verifier !== undefined && origin !== verifier.name) {
      findings.add({ file: name, what: `it belongs to the log ${origin}, the key to ${verifier.name}` });
    }
    return [{ name, origin, size, root, signature }];
  } catch (error) {
    if (!(error instanceof NoteError)) throw error;
    findings.add({ file: name, what: error.message });
    return [];
  }
}

/** Compares what the checkpoints say with what the log gives. A mismatch lies behind the last size that still holds. */
export function judge(
  claims: readonly Claim[],
  size: number,
  roots: ReadonlyMap<number, Buffer>,
  findings: Findings,
): CheckedCheckpoint[] {
  const holds = (claim: Claim): boolean => roots.get(claim.size)?.equals(claim.root) === true;
  return claims.map((claim) => {
    const { name, origin, signature } = claim;
    const earlier = claims.filter((other) => holds(other) && other.size < claim.size).map((other) => other.size);
    const from = Math.max(0, ...earlier);
    if (claim.size > size) {
      findings.add({ file: name, entry: size, what: `it names ${claim.size} entries, the log has ${size}` });
    } else if (!holds(claim)) {
      const what = `the first ${claim.size} entries are not those it was made for; entries ${from} to ${claim.size - 1} differ`;
      findings.add({ file: name, what });
    }
    return { name, origin, size: claim.size, signature, holds: holds(claim) };
  });
}
