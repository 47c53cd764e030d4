// Reads a file that was named on the command line, or says which one cannot be read.
import { closeSync, constants, fstatSync, openSync, readFileSync, type Stats } from 'node:fs';
import { CommandError } from './command.ts';

/** Far more than any input of a command. */
const MOST = 4 * 1024 * 1024;

interface InputTerms {
  /** As `open` has them. */
  readonly flags: number;
  /** Of what was opened, before it is read. @throws CommandError */
  check(found: Stats): void;
}

export function readInput(path: string, terms?: InputTerms): Buffer {
  try {
    const opened = openSync(path, terms?.flags ?? constants.O_RDONLY);
    try {
      const found = fstatSync(opened);
      terms?.check(found);
      if (found.size > MOST) throw new CommandError(`${path} is too large`);
      return readFileSync(opened);
    } finally {
      closeSync(opened);
    }
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
    case 'ELOOP':
      return ': it is a link, or has too many on its way; name the file itself';
    default:
      return '';
  }
}

export function readJsonInput(path: string): unknown {
  try {
    return JSON.parse(readInput(path).toString('utf8'));
  } catch (error) {
    if (error instanceof CommandError) throw error;
    throw new CommandError(`${path} is not JSON`, { cause: error });
  }
}
