// Reads a file with a secret in it that was named on the command line, if nobody else can read that file or put another
// secret there.
import { statSync } from 'node:fs';
import { readInput } from './read-input.ts';
import { rejectOpenMode } from './secret-mode.ts';

/** @throws CommandError naming the file and the way out */
export function readSecret(path: string): Buffer {
  rejectOpenSecret(path);
  return readInput(path);
}

/** @throws CommandError */
export function rejectOpenSecret(path: string): void {
  rejectOpenMode(path, statSync(path, { throwIfNoEntry: false }));
}
