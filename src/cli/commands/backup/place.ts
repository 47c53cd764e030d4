// How backup commands are told of a place: a directory, or the URI of a container. The commands that read a place themselves
// open it with the rights of whoever calls them; no allow-list of an instance is asked.

import { lookup } from 'node:dns/promises';
import { existsSync } from 'node:fs';
import { isIP } from 'node:net';
import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { places } from '../../../deployment/data-layout.ts';
import type { AllowedBackupTarget } from '../../../features/backup/storage/allowed-targets.ts';
import { openStorageBy } from '../../../features/backup/storage/open-storage.ts';
import type { BackupStorage, StorageCredential } from '../../../features/backup/storage/port.ts';
import type { InstanceIdentity } from '../../../formats/instance-identity.ts';
import { CommandError, UsageError } from '../../command.ts';
import { dataRootOf } from '../../running.ts';
import { credentialOf, type PlaceValues } from './credentials.ts';
import { openDirectory, realDirectory, uriOf } from './folders.ts';

/** A place, and how whoever calls reaches it. */
export interface Place {
  /** As an instance would be allowed it. */
  readonly target: AllowedBackupTarget;
  readonly credential: StorageCredential;
  /** With `managedIdentity`. */
  readonly identity?: InstanceIdentity;
}

/** The name of a backup alone, as lists have it, is one of the data directory's own place, unless it is a folder right here. */
export function namedUri(target: string, data: string | undefined): string {
  const isName = /^mhsm-[A-Za-z0-9._-]{1,195}$/.test(target) && !existsSync(target);
  return isName ? `${ownTarget(data)}/${target}` : uriOf(target);
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
  if (uri.startsWith('file:')) return openDirectory(uri);
  const open = openStorageBy({
    // The URI itself is judged where it is opened.
    targets: [{ ...target, uri: URL.canParse(uri) ? new URL(uri).origin : uri }],
    ...(identity === undefined ? {} : { identity }),
    profile: 'dev',
    nowMs: Date.now,
  });
  return open({ storageResourceUri: uri, credential }, stopping);
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
