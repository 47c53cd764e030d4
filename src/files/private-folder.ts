// Folders of the data directory: entered by their owner only.
import { existsSync, lstatSync, mkdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/**
 * Makes a folder (0700) with those above it. One that exists must be ours and closed to other writers, who could plant
 * links where we write.
 * @throws Error naming the folder and the way out
 */
export function makePrivateFolder(path: string): void {
  make(path);
  const { mode, uid } = lstatSync(path);
  if ((mode & 0o022) !== 0) {
    throw new Error(`others may write to ${path}; close it first: chmod go-w '${path}'`);
  }
  const self = process.getuid?.();
  if (self !== undefined && uid !== self) {
    throw new Error(`${path} belongs to another user (uid ${uid}); choose a data directory of your own`);
  }
}

/** One by one: where nothing can be made at all, as in /proc, Node's own recursion never ends. */
function make(path: string): void {
  const missing: string[] = [];
  for (let at = resolve(path); !existsSync(at); at = dirname(at)) missing.push(at);
  try {
    for (const each of missing.reverse()) {
      try {
        mkdirSync(each, { mode: 0o700 });
      } catch (error) {
        // Made by somebody else meanwhile; a link that leads nowhere is there, too.
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || !existsSync(each)) throw error;
      }
    }
  } catch (cause) {
    throw new Error(
      `${path} cannot be made (${(cause as NodeJS.ErrnoException).code}): choose another data directory`,
      {
        cause,
      },
    );
  }
}
