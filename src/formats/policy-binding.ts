// How a key's release policy is bound into its blob: the hash of the canonical text, after a mark when it may not change any
// more and another when it never could. Both sides of the module's pipe say it this way. What the policy means is decided
// elsewhere.
import { isSha256, sha256url } from './base64url.ts';

/** false: may change · true: may not any more, but may have once · from-creation: the key was never under another one. */
export type Immutability = boolean | 'from-creation';

const MARKS = { 'from-creation': 'immutable-from-creation:', true: 'immutable:', false: '' } as const;
const STRENGTH = { 'from-creation': 2, true: 1, false: 0 } as const;

/** @param canonical the policy's text, minified and sorted */
export function policyBinding(canonical: Uint8Array, immutable: Immutability): string {
  return MARKS[`${immutable}`] + sha256url(canonical);
}

export function immutabilityOf(binding: string): Immutability {
  if (binding.startsWith(MARKS['from-creation'])) return 'from-creation';
  return binding.startsWith(MARKS.true);
}

/** Without the mark; '' where there is no policy. */
export function policyHashOf(binding: string): string {
  return binding.slice(MARKS[`${immutabilityOf(binding)}`].length);
}

/** `binding` is of the same policy as `other`, and may change no more than that one. */
export function isAtLeast(binding: string, other: string): boolean {
  const strength = (each: string): number => STRENGTH[`${immutabilityOf(each)}`];
  return policyHashOf(binding) === policyHashOf(other) && strength(binding) >= strength(other);
}

/** '' (no policy), or a SHA-256 hash in base64url with or without a mark. */
export function isPolicyBinding(value: unknown): value is string {
  return typeof value === 'string' && (value === '' || isSha256(policyHashOf(value)));
}
