// Fingerprints as people read them to each other.

/** The beginning of a base64url SHA-256 as people read it: enough to tell two apart, and to find one among them. */
export function shortFingerprint(hash: string): string {
  return `${groupFingerprint(Buffer.from(hash, 'base64url').toString('hex').slice(0, 16))} …`;
}

/** In groups of four, as people read it aloud. */
export function groupFingerprint(fingerprint: string): string {
  return fingerprint.replace(/(.{4})(?=.)/g, '$1 ');
}
