// Where the Unix sockets of an instance are at present, for whoever did not start it.
import { lstatSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The folder beside the instance's own when that lies too deep for a socket's path: written where it is made. */
export const SOCKET_FOLDER_NOTE = 'socket-folder';

/** @param root the instance's folder */
export function knownSocketFolder(root: string): string {
  const run = join(root, 'run');
  return notedFolder(run) ?? run;
}

/** Undefined: none was needed, or none is there that can be used. @param run where the note is */
export function notedFolder(run: string): string | undefined {
  try {
    const noted = readFileSync(join(run, SOCKET_FOLDER_NOTE), 'utf8');
    const stats = lstatSync(noted);
    // Anyone may write to the temporary directory: only a real folder of ours that nobody else can enter will do.
    const isPrivate = stats.isDirectory() && stats.uid === process.getuid?.() && (stats.mode & 0o077) === 0;
    return isPrivate ? noted : undefined;
  } catch {
    return undefined;
  }
}
