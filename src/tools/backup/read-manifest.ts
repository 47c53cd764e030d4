// The manifest of a backup as it lies there, for whoever has to look into it before its signature can be checked: to learn
// which key it names, or to list what a place has. Nothing of it is to be believed.
import { BackupError } from '../../features/backup/backup-error.ts';
import { decodeManifest, MANIFEST, MAX_MANIFEST } from '../../features/backup/manifest.ts';
import type { BackupStorage } from '../../features/backup/storage/port.ts';

/** @throws BackupError Damaged, UnknownFormat; StorageError */
export async function readManifest(storage: BackupStorage, folder: string) {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of storage.read(folder, MANIFEST)) {
    length += piece.length;
    if (length > MAX_MANIFEST) throw new BackupError('Damaged', `${MANIFEST} is longer than ${MAX_MANIFEST} bytes`);
    pieces.push(piece);
  }
  const body = Buffer.concat(pieces);
  return { body, manifest: decodeManifest(body) };
}
