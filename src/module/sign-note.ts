// What the module signs with Ed25519: checkpoints of its log, and statements of its security domain, as C2SP signed notes. The
// reading side is elsewhere and shares no code with this.
import { createHash } from 'node:crypto';
import { badRequest } from '../crypto/protocol/messages.ts';
import { domainFingerprint } from '../formats/domain-identity.ts';
import { logOrigin } from '../formats/log-origin.ts';
import { isStatementKind, type StatementKind, statementSigner, statementText } from '../formats/statement.ts';
import type { Provisioned } from './sealed-state.ts';

/** Signature type of a signed note for Ed25519. */
const ED25519 = 0x01;

export function signCheckpoint({ instanceId, rootKeys }: Provisioned, size: number, root: Uint8Array): string {
  if (root.length !== 32) throw badRequest('root', 'is not a SHA-256 hash');
  const origin = logOrigin(instanceId);
  const body = `${origin}\n${size}\n${Buffer.from(root).toString('base64')}\n`;
  return signNote(origin, body, rootKeys.auditKey, (bytes) => rootKeys.sign(bytes));
}

/**
 * The kinds are a closed list, so that nothing signed here can be taken for an entry of a security-domain file, or for any
 * other thing that the domain key signs. @throws CryptoError BadRequest for a kind that is not in it
 */
export function signStatement({ rootKeys }: Provisioned, kind: string, body: Uint8Array): string {
  if (!isStatementKind(kind)) throw badRequest('kind', 'no such statement');
  return makeStatement(kind, body, rootKeys.domainKey, (bytes) => rootKeys.signForDomain(bytes));
}

/** @param sign Ed25519 with the domain key */
export function makeStatement(
  kind: StatementKind,
  body: Uint8Array,
  domainKey: Uint8Array,
  sign: (bytes: Uint8Array) => Buffer,
): string {
  const fingerprint = domainFingerprint(domainKey);
  return signNote(statementSigner(fingerprint), statementText(kind, fingerprint, body), domainKey, sign);
}

function signNote(name: string, text: string, publicKey: Uint8Array, sign: (bytes: Uint8Array) => Buffer): string {
  const typed = Buffer.concat([Buffer.from(`${name}\n`), Buffer.of(ED25519), publicKey]);
  const keyHash = createHash('sha256').update(typed).digest().subarray(0, 4);
  const signature = Buffer.concat([keyHash, sign(Buffer.from(text, 'utf8'))]);
  return `${text}\n— ${name} ${signature.toString('base64')}\n`;
}
