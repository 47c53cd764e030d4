// The checkpoints that a log is verified against: its own, and those that the caller has kept. What is wrong with one of the
// caller's, or with the key, says nothing of the log, and so is told before it is looked at.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { NoteError, type NoteVerifier } from '../../../formats/signed-note.ts';
import { parseCheckpoint } from '../../../formats/tlog-checkpoint.ts';
import { isOfKey, readGivenCheckpoint } from '../../../tools/audit/verify/given-checkpoint.ts';
import { CommandError } from '../../command.ts';
import { explained } from '../../explained.ts';
import { readInput } from '../../read-input.ts';

export function isLog(folder: string): boolean {
  return existsSync(join(folder, 'journal')) || existsSync(join(folder, 'checkpoint'));
}

export function readSavedCheckpoints(paths: readonly string[]) {
  return paths.map((name) => {
    const { text, checkpoint } = explained(() => readGivenCheckpoint(readInput(name).toString('utf8')), {
      NoteError: `${name} cannot be read as a checkpoint: `,
    });
    return { name, text, origin: checkpoint.origin };
  });
}

/** `origin` is undefined, too, where it does not read: that is damage, and the verification's to tell. */
export function readOwnCheckpoint(folder: string) {
  const path = join(folder, 'checkpoint');
  if (!existsSync(path)) return { text: undefined, origin: undefined };
  const text = readFileSync(path, 'utf8');
  try {
    return { text, origin: parseCheckpoint(text).checkpoint.origin };
  } catch (error) {
    if (error instanceof NoteError) return { text, origin: undefined };
    throw error;
  }
}

/**
 * A signature in the log's own checkpoint that is said to be of the key and is wrong is damage; that there is none may be as
 * well the key's fault.
 */
export function requireOf(
  verifier: NoteVerifier,
  own: ReturnType<typeof readOwnCheckpoint>,
  saved: ReturnType<typeof readSavedCheckpoints>,
): void {
  for (const { name, text } of saved) {
    if (isOfKey(text, verifier, 'verified')) continue;
    throw new CommandError(
      `${name} is not signed by this key (${verifier.name}): --key is another log's, or the checkpoint was changed since it was printed`,
    );
  }
  if (own.text === undefined || own.origin === undefined || isOfKey(own.text, verifier, 'claimed')) return;
  throw new CommandError(
    `the log's checkpoint (${own.origin}) is not signed by this key (${verifier.name}): --key is another log's, or somebody has ` +
      'written the log anew and signed it with a key of their own. If the key is from the security domain of this HSM, trust nothing in this log',
  );
}
