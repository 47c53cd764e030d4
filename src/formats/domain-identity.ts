// The identity of a security domain: an Ed25519 key that every instance recovered from the domain has, because it is
// derived from the backup root key. Its fingerprint is what people read to each other (`fingerprint.ts`).
import { createHash } from 'node:crypto';
import { kdfCounter } from './kdf.ts';

/** The key's seed; the caller overwrites it. */
export function deriveDomainSeed(backupRoot: Uint8Array): Buffer {
  return kdfCounter(backupRoot, 'strongroom domain signing v1', '', 256);
}

/** SHA-256 of the raw public key, hex. */
export function domainFingerprint(domainKey: Uint8Array): string {
  return createHash('sha256').update(domainKey).digest('hex');
}
