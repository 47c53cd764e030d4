// Reads a file that was named on the command line, or says which one cannot be read.
import { readFileSync, statSync } from 'node:fs';
import { CommandError } from './command.ts';

/** Far more than any input of a command. */
const MOST = 4 * 1024 * 1024;

/** @throws CommandError */
export function readInput(path: string): Buffer {
  try {
    if (statSync(path).size > MOST) throw new CommandError(`${path} is too large`);
    return readFileSync(path);
  } catch (error) {
    if (error instanceof CommandError) throw error;
    throw new CommandError(`${path} cannot be read${whyNot(error)}`, { cause: error });
  }
}

function whyNot(error: unknown): string {
  switch ((error as NodeJS.ErrnoException).code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return ': it is not there';
    case 'EACCES':
      return ': this user may not open it';
    case 'EISDIR':
      return ': it is a folder';
    default:
      return '';
  }
}

/** @throws CommandError */
export function readJsonInput(path: string): unknown {
  try {
    return JSON.parse(readInput(path).toString('utf8'));
  } catch (error) {
    if (error instanceof CommandError) throw error;
    throw new CommandError(`${path} is not JSON`, { cause: error });
  }
}
