// Whose signature a backup should have: a domain's fingerprint as people read it, its raw key, or its key as notes name it.

import { domainFingerprint } from '../../../formats/domain-identity.ts';
import { NoteError, parseVkey } from '../../../formats/signed-note.ts';
import { statementSigner } from '../../../formats/statement.ts';
import type { Signer } from '../../../tools/backup/verify/verify-backup.ts';
import { UsageError } from '../../command.ts';

export function readSigner(text: string): Signer {
  const fingerprint = text.replaceAll(/[\s:]/g, '').toLowerCase();
  if (/^[0-9a-f]{64}$/.test(fingerprint)) return { fingerprint };
  if (/^[A-Za-z0-9_-]{43}$/.test(text)) return { key: Buffer.from(text, 'base64url') };
  try {
    const { name, key } = parseVkey(text);
    const raw = Buffer.from(key.export({ format: 'jwk' }).x ?? '', 'base64url');
    if (name === statementSigner(domainFingerprint(raw))) return { key: raw };
  } catch (error) {
    if (!(error instanceof NoteError)) throw error;
  }
  throw new UsageError(
    '--key takes the fingerprint of the security domain (64 hex digits), its key (43 characters of base64url), or its key as strongroom/domain/…+…+…',
  );
}
