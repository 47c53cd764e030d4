// Statements of a security domain about a document: a signed note (C2SP signed-note) over the document's hash, by the
// domain key. The module signs them; anyone who knows the domain's public key verifies them offline (`verify-statement.ts`).
import { sha256url } from './base64url.ts';

export const STATEMENT_KINDS = ['backup-manifest', 'rehearsal', 'ceremony', 'custodians'] as const;
export type StatementKind = (typeof STATEMENT_KINDS)[number];

export function isStatementKind(kind: string): kind is StatementKind {
  return (STATEMENT_KINDS as readonly string[]).includes(kind);
}

/** The text that is signed. @param fingerprint `domainFingerprint` of the signer */
export function statementText(kind: StatementKind, fingerprint: string, body: Uint8Array): string {
  return `strongroom ${kind} v1\n${fingerprint}\n${sha256url(body)}\n`;
}

/** Name of the signing key in the note. */
export function statementSigner(fingerprint: string): string {
  return `strongroom/domain/${fingerprint.slice(0, 16)}`;
}
