// Who else may open a file that holds a secret. Its own file, so that the custodian's tool needs no more of the system.
import type { Stats } from 'node:fs';
import { CommandError } from './command.ts';

/** Anything for others, and writing for the group. A group may read: it is how one account hands a secret to another. */
const TOO_OPEN = 0o027;

/** Pipes (`<(...)`, /dev/stdin) are as private as whoever made them. @throws CommandError naming the file and the way out */
export function rejectOpenMode(path: string, found: Pick<Stats, 'mode' | 'isFile'> | undefined): void {
  // Windows has no such modes: it says 666 of every file. That a file is not there is for its reading to say.
  if (process.platform === 'win32' || found?.isFile() !== true || (found.mode & TOO_OPEN) === 0) return;
  const mode = (found.mode & 0o777).toString(8).padStart(3, '0');
  throw new CommandError(
    `${path} holds a secret and is open to others (mode ${mode}): chmod 600 '${path}', and replace the secret if someone may have read it`,
  );
}
