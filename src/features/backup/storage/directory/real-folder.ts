// Where a folder of a directory place really is. What is reached through a symbolic link may be anywhere, so below the
// place's own root there is none.
import type { Stats } from 'node:fs';
import { lstat, mkdir, realpath } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { syncFolder } from '../../../../files/durable-file-sync.ts';
import { StorageError } from '../port.ts';

/** @param allowed the path the configuration lists @param asked the same, or one below. @throws StorageError */
export async function realRoot(allowed: string, asked: string): Promise<string> {
  const root = await real(allowed);
  const path = await real(asked);
  if (path !== root && !path.startsWith(root === sep ? sep : root + sep)) {
    throw new StorageError(
      'NotAllowed',
      `'${asked}' leads out of '${allowed}', which the configuration allows, through a symbolic link`,
    );
  }
  if (!(await lstat(path)).isDirectory()) throw new StorageError('NotFound', `'${asked}' is not a folder; name one`);
  return path;
}

/** @throws StorageError NotFound, NotAllowed (a link) */
export async function findFolder(root: string, folder: string): Promise<string> {
  let path = root;
  for (const segment of segmentsOf(folder)) {
    path = join(path, segment);
    const found = await find(path);
    if (found === undefined) {
      throw new StorageError(
        'NotFound',
        `there is no backup '${folder}' in '${root}'; the folders there are named after the backups`,
      );
    }
    if (!found.isDirectory())
      throw new StorageError('NotAllowed', `'${path}' is not a folder of its own (links are not followed)`);
  }
  return path;
}

/** Finds it, or makes it durably. @throws StorageError NotAllowed, and errors of the system */
export async function makeFolder(root: string, folder: string): Promise<string> {
  let path = root;
  for (const segment of segmentsOf(folder)) {
    const parent = path;
    path = join(path, segment);
    try {
      await mkdir(path, { mode: 0o700 });
      syncFolder(parent);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
  return findFolder(root, folder);
}

/** @returns undefined when it is not there @throws StorageError AccessDenied: then nobody here knows */
async function find(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EACCES') return undefined;
    throw new StorageError(
      'AccessDenied',
      `'${dirname(path)}' may not be entered by the account that this runs as; ask as another, or give it access`,
      { cause },
    );
  }
}

function segmentsOf(folder: string): readonly string[] {
  const segments = folder.split('/');
  if (segments.every((segment) => /^[A-Za-z0-9._-]{1,255}$/.test(segment) && segment !== '.' && segment !== '..'))
    return segments;
  throw new StorageError('Malformed', 'the folder has a name that no backup has');
}

async function real(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'EACCES') {
      throw new StorageError(
        'AccessDenied',
        `'${path}' may not be entered; give the account of the service access to it`,
        { cause },
      );
    }
    throw new StorageError(
      'NotFound',
      `'${path}' does not exist; make it ('mkdir -p') and give it to the account of the service`,
      { cause },
    );
  }
}
