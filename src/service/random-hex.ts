import { randomBytes } from 'node:crypto';

/** Random bytes as lower-case hex: versions of keys and names in caches. */
export function randomHex(bytes: number): string {
  return randomBytes(bytes).toString('hex');
}
