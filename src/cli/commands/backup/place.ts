// How backup commands are told of a place: a directory, or the URI of a container with a SAS token in a file. The commands
// that read a place themselves open it with the rights of whoever calls them; no allow-list of an instance is asked.
import { lookup } from 'node:dns/promises';
import { existsSync, realpathSync } from 'node:fs';
import { isIP } from 'node:net';
import { basename, dirname, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { openDirectoryStorage } from '../../../features/backup/storage/directory/directory-storage.ts';
import { openStorageBy } from '../../../features/backup/storage/open-storage.ts';
import type { Shelf } from '../../../features/backup/storage/shelf.ts';
import { places } from '../../../main/config/data-layout.ts';
import { CommandError, type OptionList, UsageError } from '../../command.ts';
import { readInput } from '../../read-input.ts';
import { dataRootOf } from '../../running.ts';

export const sasOption = {
  'sas-file': {
    type: 'string',
    placeholder: 'FILE',
    description: 'file with the SAS token of the container',
  },
} as const satisfies OptionList;

/** Options of commands that read the place themselves. */
export const placeOptions = {
  ...sasOption,
  'storage-ca': {
    type: 'string',
    placeholder: 'FILE',
    description: "certificate authority of the container's host, instead of the system's",
  },
} as const satisfies OptionList;

export interface PlaceValues {
  readonly 'sas-file': string | undefined;
  readonly 'storage-ca': string | undefined;
}

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

/** Where instances of a data directory keep backups from the start. */
export function ownPlace(data: string | undefined): string {
  return pathToFileURL(places(dataRootOf(data)).backups).href;
}

/** @throws CommandError */
export function readSas(file: string): string {
  const text = readInput(file).toString('utf8').trim();
  if (text === '') throw new CommandError(`${file} is empty; it should hold a SAS token`);
  return text;
}

/** @throws StorageError, CommandError, UsageError */
export async function openShelf(uri: string, values: PlaceValues): Promise<Shelf> {
  const stopping = new AbortController().signal;
  if (uri.startsWith('file:')) {
    if (values['sas-file'] !== undefined) throw new UsageError('a directory takes no --sas-file');
    return openDirectoryStorage({ uri, root: realDirectory(fileURLToPath(uri)), keepsAll: true, stopping });
  }
  if (values['sas-file'] === undefined) throw new UsageError('a container needs --sas-file');
  const token = readSas(values['sas-file']);
  const { hostname, origin } = URL.canParse(uri) ? new URL(uri) : { hostname: '', origin: '' };
  const open = openStorageBy({
    targets: [
      {
        uri: origin,
        keepsAll: true,
        ...(values['storage-ca'] === undefined ? {} : { caFile: values['storage-ca'] }),
        // Whoever calls may reach what they can reach.
        addresses: await addressesOf(hostname),
      },
    ],
    profile: 'dev',
    nowMs: Date.now,
  });
  return open({ storageResourceUri: uri, credential: { kind: 'sas', token } }, stopping);
}

function realDirectory(path: string): string {
  if (existsSync(path)) return realpathSync(path);
  throw new CommandError(`${dirname(path)} has no '${basename(path)}'`);
}

async function addressesOf(host: string): Promise<readonly string[]> {
  if (host === 'localhost' || isIP(host.replace(/^\[|\]$/g, '')) !== 0) return [];
  try {
    return (await lookup(host, { all: true })).map(({ address }) => address);
  } catch (cause) {
    throw new CommandError(`the host '${host}' is not known`, { cause });
  }
}
