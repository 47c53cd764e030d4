// Verifies a full backup offline: the statement of the security domain about the manifest, then that the folder holds
// exactly what the manifest lists, byte for byte. Goes on after a fault, so that all of them are told.

import { BackupError } from '../../../features/backup/backup-error.ts';
import { MANIFEST, STATEMENT } from '../../../features/backup/manifest.ts';
import { openBackup } from '../../../features/backup/read-backup.ts';
import { type BackupStorage, StorageError } from '../../../features/backup/storage/port.ts';
import { domainFingerprint } from '../../../formats/domain-identity.ts';
import { groupFingerprint } from '../../../formats/fingerprint.ts';
import { readManifest } from '../read-manifest.ts';

export type Verified = Awaited<ReturnType<typeof verifyBackup>>;

/** Whom the signature must be of: the raw key, or its fingerprint (64 hex digits). Undefined: whoever the manifest says. */
export type Signer = { readonly key: Uint8Array } | { readonly fingerprint: string };

/**
 * @param progress told after each part
 * @returns with what is wrong with a part, or another file of the folder; nothing: the backup is whole
 * @throws BackupError Damaged, OtherDomain, UnknownFormat when the manifest itself cannot be believed; StorageError
 */
export async function verifyBackup(
  storage: BackupStorage,
  folder: string,
  signer: Signer | undefined,
  progress: (done: number, of: number) => void = () => undefined,
) {
  const sizes = new Map<string, number>();
  for await (const { name, bytes } of storage.list(folder)) sizes.set(name, bytes);
  for (const name of [MANIFEST, STATEMENT]) {
    if (!sizes.has(name))
      throw new BackupError('Damaged', `${name} is missing: without it nothing here can be believed`);
  }
  const key = signer !== undefined && 'key' in signer ? signer.key : await keyOf(storage, folder, signer?.fingerprint);
  const { manifest, read } = await openBackup(storage, folder, key);
  const faults: { readonly file: string; readonly what: string }[] = [];
  for (const [done, part] of manifest.parts.entries()) {
    const { name, bytes } = part;
    const size = sizes.get(name);
    if (size === undefined) faults.push({ file: name, what: 'is missing' });
    else if (size !== bytes) faults.push({ file: name, what: `has ${size} bytes, the manifest says ${bytes}` });
    else {
      try {
        await read(part);
      } catch (error) {
        if (!isFault(error)) throw error;
        faults.push({
          file: name,
          what: error instanceof BackupError ? 'is not what was written (SHA-256)' : error.message,
        });
      }
    }
    progress(done + 1, manifest.parts.length);
  }
  const listed = new Set([MANIFEST, STATEMENT, ...manifest.parts.map(({ name }) => name)]);
  for (const name of sizes.keys()) {
    if (!listed.has(name))
      faults.push({ file: name, what: 'is not in the manifest: it does not belong to the backup' });
  }
  return { manifest, faults };
}

/** The key that the manifest itself names, if it has this fingerprint; that it signed the manifest is still to be shown. */
async function keyOf(storage: BackupStorage, folder: string, fingerprint: string | undefined): Promise<Uint8Array> {
  const { manifest } = await readManifest(storage, folder);
  const key = Buffer.from(manifest.domainKey, 'base64url');
  const found = domainFingerprint(key);
  if (fingerprint === undefined || found === fingerprint) return key;
  throw new BackupError(
    'OtherDomain',
    `the backup is of the security domain ${groupFingerprint(found)}, not of ${groupFingerprint(fingerprint)}`,
  );
}

/** A part that cannot be believed or read back; that a place cannot be reached at all is no statement about a part. */
function isFault(error: unknown): error is Error {
  if (error instanceof BackupError) return error.code === 'Damaged';
  return (
    error instanceof StorageError &&
    (error.code === 'Damaged' || error.code === 'NotFound' || error.code === 'NotAllowed')
  );
}
