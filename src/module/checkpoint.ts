// Signs the audit log's checkpoints: a C2SP tlog-checkpoint body as a C2SP signed note. The reading side is elsewhere
// and shares no code with this.
import { createHash } from 'node:crypto';
import { CryptoError } from '../crypto/protocol/messages.ts';
import { logOrigin } from '../formats/log-origin.ts';
import type { Provisioned } from './state-file.ts';

/** Signature type of a signed note for Ed25519. */
const ED25519 = 0x01;

export function signCheckpoint(state: Provisioned, size: number, root: Uint8Array): string {
  if (root.length !== 32) throw new CryptoError('BadRequest', 'root: is not a SHA-256 hash');
  const origin = logOrigin(state.instanceId);
  const body = `${origin}\n${size}\n${Buffer.from(root).toString('base64')}\n`;
  const { rootKeys } = state;
  const keyHash = createHash('sha256')
    .update(`${origin}\n`)
    .update(Buffer.of(ED25519))
    .update(rootKeys.auditKey)
    .digest()
    .subarray(0, 4);
  const signature = Buffer.concat([keyHash, rootKeys.sign(Buffer.from(body, 'utf8'))]);
  return `${body}\n— ${origin} ${signature.toString('base64')}\n`;
}
