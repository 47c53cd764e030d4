// Fingerprints as people read them to each other.
import { createHash, type KeyObject } from 'node:crypto';

/** The beginning of a base64url SHA-256 as people read it: enough to tell two apart, and to find one among them. */
export function shortFingerprint(hash: string): string {
  return `${groupFingerprint(Buffer.from(hash, 'base64url').toString('hex').slice(0, 16))} …`;
}

/** In groups of four, as people read it aloud. */
export function groupFingerprint(fingerprint: string): string {
  return fingerprint.replace(/(.{4})(?=.)/g, '$1 ');
}

/** SHA-256 of a public key, base64url, by which roots of attestations are known. */
export function publicKeyHash(key: KeyObject): string {
  return createHash('sha256')
    .update(key.export({ format: 'der', type: 'spki' }))
    .digest('base64url');
}
