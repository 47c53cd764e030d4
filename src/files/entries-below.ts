// What lies in a folder and the folders in it, never what links lead to: the file system's own listing of all that is below goes
// through links, out of the folder or round in circles.
import { type Dirent, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Everything but the folders themselves. */
export function* entriesBelow(folder: string): Generator<Dirent> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) yield* entriesBelow(join(folder, entry.name));
    else yield entry;
  }
}
