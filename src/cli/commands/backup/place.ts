// How backup commands are told of a place: a directory, or the URI of a container. The commands that read a place themselves
// open it with the rights of whoever calls them; no allow-list of an instance is asked.

import { lookup } from 'node:dns/promises';
import { existsSync, realpathSync } from 'node:fs';
import { isIP } from 'node:net';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { places } from '../../../deployment/data-layout.ts';
import { MANIFEST } from '../../../features/backup/manifest.ts';
import type { AllowedBackupTarget } from '../../../features/backup/storage/allowed-targets.ts';
import { DirectoryStorage } from '../../../features/backup/storage/directory/directory-storage.ts';
import { openStorageBy } from '../../../features/backup/storage/open-storage.ts';
import type { BackupStorage, StorageCredential } from '../../../features/backup/storage/port.ts';
import type { InstanceIdentity } from '../../../formats/instance-identity.ts';
import { CommandError, UsageError } from '../../command.ts';
import type { Explanations } from '../../explained.ts';
import { dataRootOf } from '../../running.ts';
import { credentialOf, type PlaceValues } from './credentials.ts';

/** What places and backups refuse with is already said for people. */
export const REFUSALS: Explanations = { StorageError: '', BackupError: '', Refusal: '' };

/** A place, and how whoever calls reaches it. */
export interface Place {
  /** As an instance would be allowed it. */
  readonly target: AllowedBackupTarget;
  readonly credential: StorageCredential;
  /** With `managedIdentity`. */
  readonly identity?: InstanceIdentity;
}

/** A directory's path becomes its URI. */
export function uriOf(target: string): string {
  return (/^[a-z]+:\/\//.test(target) ? target : pathToFileURL(resolve(target)).href).replace(/\/$/, '');
}

/** The name of a backup alone, as lists have it, is one of the data directory's own place, unless it is a folder right here. */
export function namedUri(target: string, data: string | undefined): string {
  const isName = /^mhsm-[A-Za-z0-9._-]{1,195}$/.test(target) && !existsSync(target);
  return isName ? `${ownTarget(data)}/${target}` : uriOf(target);
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

/** Where instances of a data directory keep backups from the start. */
export function ownTarget(data: string | undefined): string {
  return pathToFileURL(places(dataRootOf(data)).backups).href;
}

export async function readBackupTarget(uri: string, values: PlaceValues): Promise<Place> {
  const { credential, identity } = credentialOf(uri, values);
  if (uri.startsWith('file:')) {
    const root = realDirectory(fileURLToPath(uri));
    return { target: { uri: pathToFileURL(root).href, keepsAll: true }, credential };
  }
  const ca = values['storage-ca'];
  return {
    target: {
      uri,
      keepsAll: true,
      ...(ca === undefined ? {} : { caFile: resolve(ca) }),
      // Whoever calls may reach what they can reach.
      addresses: await addressesOf(uri),
    },
    credential,
    ...(identity === undefined ? {} : { identity }),
  };
}

/** @throws StorageError */
export async function openBackupTarget({ target, credential, identity }: Place): Promise<BackupStorage> {
  const { uri } = target;
  const stopping = new AbortController().signal;
  if (uri.startsWith('file:')) {
    return new DirectoryStorage({ uri, root: fileURLToPath(uri), keepsAll: true, stopping });
  }
  const open = openStorageBy({
    // The URI itself is judged where it is opened.
    targets: [{ ...target, uri: URL.canParse(uri) ? new URL(uri).origin : uri }],
    ...(identity === undefined ? {} : { identity }),
    profile: 'dev',
    nowMs: Date.now,
  });
  return open({ storageResourceUri: uri, credential }, stopping);
}

function realDirectory(path: string): string {
  if (existsSync(path)) return realpathSync(path);
  throw new CommandError(`there is no folder ${path}`);
}

async function addressesOf(uri: string): Promise<readonly string[]> {
  if (!URL.canParse(uri)) throw new UsageError('that is neither a directory nor the URI of a container');
  const { hostname: host } = new URL(uri);
  if (host === 'localhost' || isIP(host.replace(/^\[|\]$/g, '')) !== 0) return [];
  try {
    return (await lookup(host, { all: true })).map(({ address }) => address);
  } catch (cause) {
    throw new CommandError(`the host '${host}' is not known`, { cause });
  }
}
