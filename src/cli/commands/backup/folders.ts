// The folders of backups, in a directory or elsewhere: which one a command was told of, or which is the latest. How a place is
// opened is for whoever asks.
import { existsSync, realpathSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { MANIFEST } from '../../../features/backup/manifest.ts';
import { DirectoryStorage } from '../../../features/backup/storage/directory/directory-storage.ts';
import type { BackupStorage } from '../../../features/backup/storage/port.ts';
import { findLatest } from '../../../tools/backup/latest-backup.ts';
import { CommandError, type Terminal, UsageError } from '../../command.ts';
import type { Explanations } from '../../explained.ts';

/** What places and backups refuse with is already said for people. */
export const REFUSALS: Explanations = { StorageError: '', BackupError: '', Refusal: '' };

/** A directory's path becomes its URI. */
export function uriOf(target: string): string {
  return (/^[a-z]+:\/\//.test(target) ? target : pathToFileURL(resolve(target)).href).replace(/\/$/, '');
}

/** The place, and the folder of one backup in it. */
export function splitFolder(uri: string): { readonly place: string; readonly folder: string } {
  const at = uri.lastIndexOf('/');
  const folder = uri.slice(at + 1);
  const place = uri.slice(0, at);
  if (!/^[A-Za-z0-9._-]{1,200}$/.test(folder) || !/^[a-z]+:\/\/.*[^/]$/.test(place)) {
    throw new UsageError(
      `'${uri.split('?', 1)[0]}' is not the address of a backup: the place, a slash, and its folder mhsm-…`,
    );
  }
  return { place, folder };
}

/** Backups are named `mhsm-…` and answer to no other name; in a directory their manifest tells too. */
export function isFolderOfBackup(uri: string): boolean {
  const name = uri.slice(uri.lastIndexOf('/') + 1);
  return name.startsWith('mhsm-') || (uri.startsWith('file:///') && existsSync(join(fileURLToPath(uri), MANIFEST)));
}

export function realDirectory(path: string): string {
  if (existsSync(path)) return realpathSync(path);
  throw new CommandError(`there is no folder ${path}`);
}

/** To be read, and by whoever may. @param uri of a directory */
export function openDirectory(uri: string): BackupStorage {
  const stopping = new AbortController().signal;
  return new DirectoryStorage({ uri, root: fileURLToPath(uri), keepsAll: true, stopping });
}

interface Shelves<P> {
  read(uri: string): Promise<P>;
  open(place: P): Promise<BackupStorage>;
}

/** Says which it found. @param meant name of the HSM whose backup it should be @throws CommandError, UsageError */
export async function chooseFolder<P>(
  uri: string,
  { read, open }: Shelves<P>,
  terminal: Pick<Terminal, 'err'>,
  meant?: string,
): Promise<{ readonly place: P; readonly folder: string }> {
  if (isFolderOfBackup(uri)) {
    const { place, folder } = splitFolder(uri);
    return { place: await read(place), folder };
  }
  const place = await read(uri);
  await using shelf = await open(place);
  const { folder, unfinished } = await findLatest(shelf, meant);
  terminal.err(`the latest backup there is ${folder}\n`);
  for (const later of unfinished) terminal.err(`${later} is later, but was never finished\n`);
  return { place, folder };
}
