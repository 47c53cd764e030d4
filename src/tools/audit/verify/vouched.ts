// Which witnesses vouch for the checkpoints that a log is verified against: for how many entries, and since when. Whether the log
// still has them is for the verification to say.
import { cosignedAt, parseWitnessKey } from '../../../formats/cosignature.ts';
import { NoteError } from '../../../formats/signed-note.ts';
import { parseCheckpoint } from '../../../formats/tlog-checkpoint.ts';

export interface Vouched {
  readonly witness: string;
  /** As the checkpoint is reported. */
  readonly checkpoint: string;
  readonly size: number;
  /** ISO 8601. */
  readonly at: string;
}

/** @param keys of witnesses @throws NoteError when one is no such key, has cosigned none of them, or is said to have and has not */
export function vouched(saved: readonly { readonly name: string; readonly text: string }[], keys: readonly string[]) {
  return keys.flatMap((key): Vouched[] => {
    const witness = parseWitnessKey(key);
    const by = saved.flatMap(({ name, text }): Vouched[] => {
      const { note, checkpoint } = parseCheckpoint(text);
      try {
        const time = cosignedAt(note, witness);
        if (time === undefined) return [];
        const at = new Date(time * 1000).toISOString();
        return [{ witness: witness.name, checkpoint: name, size: checkpoint.size, at }];
      } catch (error) {
        throw error instanceof NoteError ? new NoteError(`${name}: ${error.message}`, { cause: error }) : error;
      }
    });
    if (by.length > 0) return by;
    throw new NoteError(
      saved.length === 0
        ? `nothing was given that ${witness.name} could have cosigned: name its checkpoint with --checkpoint FILE`
        : `${witness.name} has cosigned none of the checkpoints that were given`,
    );
  });
}
