// Folders of the data directory: entered by their owner only.
import { lstatSync, mkdirSync } from 'node:fs';

/**
 * Makes a folder (0700) with those above it. One that exists must be ours and closed to other writers, who could plant
 * links where we write.
 * @throws Error naming the folder and the way out
 */
export function makePrivateFolder(path: string): void {
  if (make(path) !== undefined) return;
  const { mode, uid } = lstatSync(path);
  if ((mode & 0o022) !== 0) {
    throw new Error(`others may write to ${path}; close it first: chmod go-w '${path}'`);
  }
  const self = process.getuid?.();
  if (self !== undefined && uid !== self) {
    throw new Error(`${path} belongs to another user (uid ${uid}); choose a data directory of your own`);
  }
}

function make(path: string): string | undefined {
  try {
    return mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new Error(
      `${path} cannot be made (${(cause as NodeJS.ErrnoException).code}): choose another data directory`,
      {
        cause,
      },
    );
  }
}
