// The key an operator verifies with: the C2SP form, or the bare log key as a security domain shows it. A bare key has no
// name, so it takes that of the log at hand; what it must have signed stays the same.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatVkey, NoteError, type NoteVerifier, parseVkey } from '../../../formats/signed-note.ts';
import { parseCheckpoint } from '../../../formats/tlog-checkpoint.ts';

/** @throws NoteError when it is neither form, or the log has no checkpoint to name a bare key by */
export function readVerifierKey(text: string, folder: string): NoteVerifier {
  if (text.includes('+')) return parseVkey(text);
  const bytes = Buffer.from(text, 'base64url');
  if (bytes.length !== 32 || bytes.toString('base64url') !== text) {
    throw new NoteError('a key reads name+hash+base64, or is 32 bytes in base64url');
  }
  const path = join(folder, 'checkpoint');
  if (!existsSync(path)) throw new NoteError('the log has no checkpoint that would name the key');
  return parseVkey(formatVkey(parseCheckpoint(readFileSync(path, 'utf8')).checkpoint.origin, bytes));
}
