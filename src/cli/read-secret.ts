// Reads a file with a secret in it that was named on the command line, if nobody else can read that file or put another
// secret there. Pipes (`<(...)`, /dev/stdin) are as private as whoever made them.
import { statSync } from 'node:fs';
import { CommandError } from './command.ts';
import { readInput } from './read-input.ts';

/** Anything for others, and writing for the group. A group may read: it is how one account hands a secret to another. */
const TOO_OPEN = 0o027;

/** @throws CommandError naming the file and the way out */
export function readSecret(path: string): Buffer {
  rejectOpenSecret(path);
  return readInput(path);
}

/** @throws CommandError; a file that is not there is for the reading to say */
export function rejectOpenSecret(path: string): void {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined || !found.isFile() || (found.mode & TOO_OPEN) === 0) return;
  const mode = (found.mode & 0o777).toString(8).padStart(3, '0');
  throw new CommandError(
    `${path} holds a secret and is open to others (mode ${mode}): chmod 600 '${path}', and replace the secret if someone may have read it`,
  );
}
