// The key an operator verifies with: the C2SP form, or the bare log key as a security domain shows it. A bare key has no
// name, so it takes that of the log at hand; what it must have signed stays the same.
import { formatVkey, NoteError, type NoteVerifier, parseVkey } from '../../../formats/signed-note.ts';

/** @param log the name that the log's checkpoints have @throws NoteError when it is neither form, or nothing names a bare key */
export function readVerifierKey(text: string, log: string | undefined): NoteVerifier {
  if (text.includes('+')) return parseVkey(text);
  const bytes = Buffer.from(text, 'base64url');
  if (bytes.length !== 32 || bytes.toString('base64url') !== text) {
    throw new NoteError('a key reads name+hash+base64, or is 32 bytes in base64url');
  }
  if (log === undefined) throw new NoteError('no checkpoint can be read that would name the key');
  return parseVkey(formatVkey(log, bytes));
}
