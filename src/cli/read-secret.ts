// Reads a file with a secret in it that was named on the command line, if nobody else can read that file or put another
// secret there. What is judged is what is read: the file is opened once.
import { constants, type Stats, statSync } from 'node:fs';
import { CommandError } from './command.ts';
import { readInput } from './read-input.ts';
import { rejectOpenMode } from './secret-mode.ts';

/** What the shell has opened for this process; the system shows it as links. */
const OPENED = /^\/(?:dev\/stdin|(?:dev|proc\/self)\/fd\/\d+)$/;

export function readSecret(path: string): Buffer {
  return readInput(path, {
    flags: OPENED.test(path) ? constants.O_RDONLY : constants.O_RDONLY | constants.O_NOFOLLOW,
    check(found) {
      rejectOpenMode(path, found);
      rejectOwner(path, found);
    },
  });
}

/** For a file that another process will read. @throws CommandError */
export function rejectOpenSecret(path: string): void {
  rejectOpenMode(path, statSync(path, { throwIfNoEntry: false }));
}

/** Root may do everything anyway, and gives secrets out. */
function rejectOwner(path: string, found: Stats): void {
  const self = process.geteuid?.();
  if (self === undefined || !found.isFile() || found.uid === 0 || found.uid === self) return;
  throw new CommandError(
    `${path} holds a secret and belongs to another user (${found.uid}), who could put another there: chown ${self} '${path}'`,
  );
}
