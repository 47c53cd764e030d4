// Takes away a folder of files. By its open handle, not by its path: whoever may write beside it could put a link in its place
// between the look and the removal, and have files removed that lie elsewhere.
import { constants } from 'node:fs';
import { open, readdir, readlink, rmdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';

const FOLDER = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;

/** Nothing of it, when the folder is no more what was looked at. @param path real, without links */
export async function removeFolder(path: string): Promise<void> {
  await using folder = await open(path, FOLDER);
  // What the system calls this very folder, wherever its path leads by now (proc_pid_fd(5)).
  const held = join('/proc/self/fd', String(folder.fd));
  if ((await readlink(held)) !== path) return;
  for (const name of await readdir(held)) await unlink(join(held, name)).catch(ignoreAbsence);
  // A link is no folder to `rmdir`, and a folder with anything in it stays.
  await rmdir(path).catch(ignoreAbsence);
}

/** Another worker took it away first. */
function ignoreAbsence(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}
