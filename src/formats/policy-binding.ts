// How a key's release policy is bound into its blob: the hash of the canonical text, marked when it may never change.
// Both sides of the module's pipe say it this way. What the policy means is decided elsewhere.
import { createHash } from 'node:crypto';
import { fromBase64url } from './base64url.ts';

const IMMUTABLE = 'immutable:';

/** @param canonical the policy's text, minified and sorted */
export function policyBinding(canonical: Uint8Array, immutable: boolean): string {
  const hash = createHash('sha256').update(canonical).digest('base64url');
  return immutable ? IMMUTABLE + hash : hash;
}

export function isImmutableBinding(binding: string): boolean {
  return binding.startsWith(IMMUTABLE);
}

/** '' (no policy), or a SHA-256 hash in base64url with or without the mark. */
export function isPolicyBinding(value: unknown): value is string {
  if (typeof value !== 'string') return false;
  if (value === '') return true;
  try {
    return fromBase64url(isImmutableBinding(value) ? value.slice(IMMUTABLE.length) : value).length === 32;
  } catch {
    // Not base64url: not a hash.
    return false;
  }
}
