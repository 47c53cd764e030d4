// Statements of a security domain about a document: a signed note (C2SP signed-note) over the document's hash, by the
// domain key. The module signs them; anyone who knows the domain's public key verifies them offline.
import { createHash } from 'node:crypto';
import { domainFingerprint } from './domain-identity.ts';
import { formatNote, formatVkey, noteKeyHash, parseNote, parseVkey, verifyNote } from './signed-note.ts';

export const STATEMENT_KINDS = ['backup-manifest', 'rehearsal', 'ceremony', 'custodians'] as const;
export type StatementKind = (typeof STATEMENT_KINDS)[number];

export class StatementError extends Error {
  override readonly name = 'StatementError';
}

export function isStatementKind(kind: string): kind is StatementKind {
  return (STATEMENT_KINDS as readonly string[]).includes(kind);
}

/** The text that is signed. @param fingerprint `domainFingerprint` of the signer */
export function statementText(kind: StatementKind, fingerprint: string, body: Uint8Array): string {
  const hash = createHash('sha256').update(body).digest('base64url');
  return `strongroom ${kind} v1\n${fingerprint}\n${hash}\n`;
}

/** Name of the signing key in the note. */
export function statementSigner(fingerprint: string): string {
  return `strongroom/domain/${fingerprint.slice(0, 16)}`;
}

/** @param sign Ed25519 with the domain key */
export function makeStatement(
  kind: StatementKind,
  body: Uint8Array,
  domainKey: Uint8Array,
  sign: (text: Uint8Array) => Buffer,
): string {
  const fingerprint = domainFingerprint(domainKey);
  const text = statementText(kind, fingerprint, body);
  const name = statementSigner(fingerprint);
  return formatNote(text, [
    { name, keyHash: noteKeyHash(name, domainKey), signature: sign(Buffer.from(text, 'utf8')) },
  ]);
}

/**
 * Passes if `note` says that the domain of `domainKey` (raw, 32 bytes) made this very `body` as a document of this kind.
 * @throws StatementError saying which of it is not so · NoteError when it is no signed note
 */
export function verifyStatement(note: string, kind: StatementKind, body: Uint8Array, domainKey: Uint8Array): void {
  const fingerprint = domainFingerprint(domainKey);
  const parsed = parseNote(note);
  const [title, signer, hash, ...rest] = parsed.text.slice(0, -1).split('\n');
  if (hash === undefined || rest.length > 0) throw new StatementError('the statement does not have three lines');
  if (title !== `strongroom ${kind} v1`) throw new StatementError(`the statement is not of the kind ${kind}`);
  if (signer !== fingerprint) throw new StatementError('the statement is of another security domain');
  if (parsed.text !== statementText(kind, fingerprint, body)) {
    throw new StatementError('the statement is of another document, or the document was edited');
  }
  if (!verifyNote(parsed, parseVkey(formatVkey(statementSigner(fingerprint), domainKey)))) {
    throw new StatementError('the signature of the statement is not valid');
  }
}
