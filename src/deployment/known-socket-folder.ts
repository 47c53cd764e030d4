// Where the Unix sockets of an instance are at present, for whoever did not start it.
import { lstatSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The folder beside the instance's own when that lies too deep for a socket's path: written where it is made. */
export const SOCKET_FOLDER_NOTE = 'socket-folder';

/** @param root the instance's folder */
export function knownSocketFolder(root: string): string {
  const run = join(root, 'run');
  let noted: string;
  try {
    noted = readFileSync(join(run, SOCKET_FOLDER_NOTE), 'utf8');
  } catch {
    return run; // its own is short enough
  }
  const { uid, mode } = lstatSync(noted, { throwIfNoEntry: false }) ?? {};
  return uid === process.getuid?.() && ((mode ?? 0o777) & 0o077) === 0 ? noted : run;
}
