// Reads a full backup, believing nothing of where it lies: first the manifest's signature, then each part against the size
// and hash that the manifest has for it. The order cannot be got wrong: parts are had from an opened backup alone.
import { createHash } from 'node:crypto';
import { domainFingerprint } from '../../formats/domain-identity.ts';
import { groupFingerprint } from '../../formats/fingerprint.ts';
import { NoteError, parseNote } from '../../formats/signed-note.ts';
import { verifyStatement } from '../../formats/verify-statement.ts';
import { BackupError } from './backup-error.ts';
import { decodeManifest, MANIFEST, MAX_MANIFEST, type Manifest, type Part, STATEMENT } from './manifest.ts';
import type { BackupStorage } from './storage/port.ts';

const MAX_STATEMENT = 4096;

export interface OpenedBackup {
  readonly manifest: Manifest;
  /** The manifest as it was signed. */
  readonly bytes: Uint8Array;
  /** Sealed, exactly as it was written. @throws BackupError Damaged, StorageError */
  read(part: Part): Promise<Buffer>;
}

/**
 * @param domainKey raw Ed25519 key of the security domain that must have signed it
 * @throws BackupError Damaged, OtherDomain, UnknownFormat; StorageError
 */
export async function openBackup(storage: BackupStorage, folder: string, domainKey: Uint8Array): Promise<OpenedBackup> {
  const body = await readWhole(storage, folder, MANIFEST, MAX_MANIFEST);
  const note = (await readWhole(storage, folder, STATEMENT, MAX_STATEMENT)).toString('utf8');
  checkStatement(note, body, domainKey);
  const manifest = decodeManifest(body);
  const own = folder.split('/').at(-1);
  if (manifest.folder !== own) {
    throw new BackupError(
      'Damaged',
      `the folder '${own}' holds the backup '${manifest.folder}': give it its own name back before it is restored`,
    );
  }
  return {
    manifest,
    bytes: body,
    async read({ name, bytes, sha256 }) {
      const sealed = await readWhole(storage, folder, name, bytes);
      if (sealed.length !== bytes) {
        throw damaged(`${name} has ${sealed.length} bytes, the manifest says ${bytes}`);
      }
      if (createHash('sha256').update(sealed).digest('base64url') !== sha256) {
        throw damaged(`${name} is not what was written (SHA-256)`);
      }
      return sealed;
    },
  };
}

function checkStatement(note: string, body: Uint8Array, domainKey: Uint8Array): void {
  try {
    verifyStatement(note, 'backup-manifest', body, domainKey);
  } catch (cause) {
    if (!(cause instanceof NoteError)) throw cause;
    const signer = signerOf(note);
    const ours = domainFingerprint(domainKey);
    if (signer !== undefined && signer !== ours) {
      throw new BackupError(
        'OtherDomain',
        `the backup is of another security domain (${groupFingerprint(signer)}); this one is ${groupFingerprint(ours)}. ` +
          'Recover an HSM with the security domain of the backup first',
        { cause },
      );
    }
    throw damaged(`${MANIFEST} or ${STATEMENT}: ${cause.message}`, cause);
  }
}

/** Whom the statement says it is by; nothing is believed because of it. */
function signerOf(note: string): string | undefined {
  try {
    const signer = parseNote(note).text.split('\n')[1];
    return signer !== undefined && /^[0-9a-f]{64}$/.test(signer) ? signer : undefined;
  } catch {
    // What does not read as a note names nobody.
    return undefined;
  }
}

async function readWhole(storage: BackupStorage, folder: string, name: string, most: number): Promise<Buffer> {
  const bytes = await storage.read(folder, name, most + 1);
  if (bytes.length > most) throw damaged(`${name} is longer than ${most} bytes`);
  return bytes;
}

function damaged(what: string, cause?: unknown): BackupError {
  return new BackupError('Damaged', `${what}. Nothing was changed; restore another backup, or a copy of this one`, {
    cause,
  });
}
