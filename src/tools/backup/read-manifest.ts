// The manifest of a backup as it lies there, for whoever has to look into it before its signature can be checked: to learn
// which key it names, or to list what a place has. Nothing of it is to be believed.
import { BackupError } from '../../features/backup/backup-error.ts';
import { decodeManifest, MANIFEST, MAX_MANIFEST } from '../../features/backup/manifest.ts';
import type { BackupStorage } from '../../features/backup/storage/port.ts';

/** @throws BackupError Damaged, UnknownFormat; StorageError */
export async function readManifest(storage: BackupStorage, folder: string) {
  const body = await storage.read(folder, MANIFEST, MAX_MANIFEST + 1);
  if (body.length > MAX_MANIFEST) {
    throw new BackupError('Damaged', `${MANIFEST} is longer than ${MAX_MANIFEST} bytes`);
  }
  return { body, manifest: decodeManifest(body) };
}
