// How a custodian shows that a share opened without showing the share: the security-domain file carries a hash of a value
// that only the share gives (`proof_hash`), and the custodian gives that value.
import { sha256url } from './base64url.ts';
import { kdfCounter } from './kdf.ts';

/** What the custodian gives: 32 bytes that say nothing of the share, which has 257^32 equally likely values. */
export function proofOfShare(share: Uint8Array): Buffer {
  return kdfCounter(share, 'strongroom share proof v1', '', 256);
}

/** What the file carries: base64url. */
export function proofHash(proof: Uint8Array): string {
  return sha256url(proof);
}

/** The same of the share itself. */
export function proofHashOf(share: Uint8Array): string {
  return proofHash(proofOfShare(share));
}
