// Opens places for backups: looks at the allow-list and at the credential first, and only then at the place.

import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { InstanceIdentity } from '../../../formats/instance-identity.ts';
import {
  type AllowedBackupLocation,
  type AllowedBackupTarget,
  AllowedTargets,
  withoutSlash,
} from './allowed-targets.ts';
import { identityCredential, sasCredential } from './blob/credential.ts';
import type { Attempts } from './blob/explain.ts';
import type { Resolve } from './blob/public-address.ts';
import { DirectoryStorage } from './directory/directory-storage.ts';
import { realRoot } from './directory/real-folder.ts';
import { type BackupStorage, type OpenStorage, type StorageCredential, StorageError } from './port.ts';

export interface StorageRules {
  /** `backupTargets` of the instance's configuration. */
  readonly targets: readonly AllowedBackupTarget[];
  /** `backupIdentity`; absent: the instance has no identity of its own. */
  readonly identity?: InstanceIdentity;
  readonly profile: 'dev' | 'production';
  /** Milliseconds of the system: SAS and access tokens are judged by it. */
  readonly nowMs: () => number;
  readonly attempts?: Attempts;
  readonly resolve?: Resolve;
}

/** Four tries within about ten seconds of waiting; one request takes two minutes at most. */
const ATTEMPTS: Attempts = { count: 4, delayMs: 1000, deadlineMs: 120_000 };

/** @throws Error when the rules themselves are wrong: that stops the start */
export function openStorageBy(rules: StorageRules): OpenStorage {
  const places = new AllowedTargets(rules.targets, rules.profile);
  return async ({ storageResourceUri, credential }, stopping) => {
    const allowed = places.find(storageResourceUri);
    stopping.throwIfAborted();
    return allowed.url.protocol === 'file:'
      ? openDirectory(allowed, credential, stopping)
      : openBlob(allowed, credential, stopping, rules);
  };
}

async function openDirectory(
  { place, url }: AllowedBackupLocation,
  { kind }: StorageCredential,
  stopping: AbortSignal,
): Promise<BackupStorage> {
  if (kind === 'sas') throw new StorageError('Malformed', 'a directory takes no SAS token; leave the token out');
  const root = await realRoot(fileURLToPath(place.uri), fileURLToPath(url));
  return new DirectoryStorage({ uri: withoutSlash(url.href), root, keepsAll: place.keepsAll ?? false, stopping });
}

async function openBlob(
  { place, url }: AllowedBackupLocation,
  given: StorageCredential,
  stopping: AbortSignal,
  { identity, nowMs, attempts = ATTEMPTS, resolve }: StorageRules,
): Promise<BackupStorage> {
  checkContainer(url);
  // Not read at each start: most instances back up to a directory, or not yet.
  const { BlobStorage } = await import('./blob/blob-storage.ts');
  const common = {
    uri: withoutSlash(url.href),
    keepsAll: place.keepsAll ?? false,
    ca: place.caFile === undefined ? undefined : await readFile(place.caFile, 'utf8'),
    addresses: place.addresses ?? [],
    resolve,
    attempts,
    stopping,
  };
  switch (given.kind) {
    case 'sas': {
      const hint =
        'make a new SAS token for this container with the permissions racwdl (a backup needs create and write, a restore read and list) ' +
        'and a day of validity';
      return new BlobStorage({ ...common, ...sasCredential(given.token, nowMs, hint) });
    }
    case 'managedIdentity':
      return new BlobStorage({ ...common, ...identityCredential(url, identity, nowMs, stopping) });
    case 'none':
      throw new StorageError(
        'Malformed',
        "a blob container needs a SAS token, or 'useManagedIdentity'; give one of them",
      );
  }
}

/** `/container`, or `/account/container` where the host names no account. */
function checkContainer({ pathname }: URL): void {
  const segments = withoutSlash(pathname).slice(1).split('/');
  const container = segments.at(-1) ?? '';
  if (segments.length <= 2 && /^[a-z0-9](-?[a-z0-9]){2,62}$/.test(container)) return;
  throw new StorageError(
    'Malformed',
    'the storage URI names no container; write https://account.blob.core.windows.net/container',
  );
}
