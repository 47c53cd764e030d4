// A file that may be missing, which says something too.
import { readFileSync } from 'node:fs';

/** Undefined: there is none, or none any more. */
export function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
