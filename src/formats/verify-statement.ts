// Whether a statement of a security domain is one, and about this very document.
import { domainFingerprint } from './domain-identity.ts';
import { formatVkey, NoteError, parseNote, parseVkey, verifyNote } from './signed-note.ts';
import { type StatementKind, statementSigner, statementText } from './statement.ts';

/**
 * Passes if `note` says that the domain of `domainKey` (raw, 32 bytes) made this very `body` as a document of this kind.
 * @throws NoteError saying which of it is not so
 */
export function verifyStatement(note: string, kind: StatementKind, body: Uint8Array, domainKey: Uint8Array): void {
  const fingerprint = domainFingerprint(domainKey);
  const parsed = parseNote(note);
  const [title, signer, hash, ...rest] = parsed.text.slice(0, -1).split('\n');
  if (hash === undefined || rest.length > 0) throw new NoteError('the statement does not have three lines');
  if (title !== `strongroom ${kind} v1`) throw new NoteError(`the statement is not of the kind ${kind}`);
  if (signer !== fingerprint) throw new NoteError('the statement is of another security domain');
  if (parsed.text !== statementText(kind, fingerprint, body)) {
    throw new NoteError('the statement is of another document, or the document was edited');
  }
  if (!verifyNote(parsed, parseVkey(formatVkey(statementSigner(fingerprint), domainKey)))) {
    throw new NoteError('the signature of the statement is not valid');
  }
}
