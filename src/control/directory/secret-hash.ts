// Salted scrypt hashes of application secrets and passwords: `scrypt$log2(N)$salt$hash`.
import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

const COST = 14;
const MAX_COST = 18;
const BLOCK = 8;

export async function hashSecret(secret: string, salt: Uint8Array = randomBytes(16)): Promise<string> {
  const hash = await derive(secret, salt, COST);
  return `scrypt$${COST}$${Buffer.from(salt).toString('base64url')}$${hash.toString('base64url')}`;
}

/** False for a wrong secret and for a hash that is not one of ours. */
export async function isSecret(secret: string, stored: string): Promise<boolean> {
  const [scheme, cost, salt, hash, ...rest] = stored.split('$');
  if (scheme !== 'scrypt' || cost === undefined || salt === undefined || hash === undefined || rest.length > 0) {
    return false;
  }
  const log2 = Number(cost);
  if (!Number.isInteger(log2) || log2 < COST || log2 > MAX_COST) return false;
  const expected = Buffer.from(hash, 'base64url');
  const actual = await derive(secret, Buffer.from(salt, 'base64url'), log2);
  return expected.length === actual.length && timingSafeEqual(expected, actual);
}

/** Takes as long however much of it is right. */
export function isSameSecret(given: string | readonly string[] | undefined, secret: string): boolean {
  const [a, b] = [Buffer.from(typeof given === 'string' ? given : ''), Buffer.from(secret)];
  return a.length === b.length && timingSafeEqual(a, b);
}

const runScrypt = promisify<string, Uint8Array, number, ScryptOptions, Buffer>(scrypt);

function derive(secret: string, salt: Uint8Array, log2: number): Promise<Buffer> {
  const N = 2 ** log2;
  return runScrypt(secret, salt, 32, { N, r: BLOCK, p: 1, maxmem: 256 * N * BLOCK });
}
