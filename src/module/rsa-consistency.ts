// Whether the eight numbers of an RSA private key belong together and are no weak key. Arithmetic on BigInt: it leaves
// traces in the heap that cannot be overwritten, and runs once for each import, for a sender who knows the key anyway.
import { checkPrime } from 'node:crypto';
import { promisify } from 'node:util';
import { badRequest } from '../crypto/protocol/messages.ts';
import { RSA_MEMBERS, type RsaNumbers } from '../formats/pkcs8.ts';

const SIZES = [2048, 3072, 4096];
/** OpenSSL takes no longer exponents with moduli above 3072 bits. */
const LARGEST_EXPONENT = 2n ** 64n - 1n;
const isPrime = promisify(checkPrime) as (candidate: bigint) => Promise<boolean>;

/** @throws CryptoError BadRequest naming the member */
export async function checkRsaNumbers(numbers: RsaNumbers): Promise<void> {
  for (const member of RSA_MEMBERS) {
    if (numbers[member].length === 0) throw badRequest(member, 'is required for an RSA key');
    if (numbers[member].length > 1024) throw badRequest(member, 'is too long');
  }
  const n = toNumber(numbers.n);
  const size = bitLength(n);
  if (!SIZES.includes(size)) throw badRequest('n', `Invalid key size: '${size}'`);
  const e = toNumber(numbers.e);
  if (e < 3n || e % 2n === 0n || e > LARGEST_EXPONENT)
    throw badRequest('e', 'must be odd, 3 or more, and at most 64 bits');
  const [p, q] = await checkPrimes(numbers, n, size);
  const d = toNumber(numbers.d);
  if (d >= n || (d * e) % (p - 1n) !== 1n || (d * e) % (q - 1n) !== 1n)
    throw badRequest('d', 'does not belong to n and e');
  // Shorter ones can be found from n and e alone (Wiener, Boneh and Durfee; FIPS 186-5 A.1.1).
  if (bitLength(d) <= size / 2) throw badRequest('d', 'is too small to be safe');
  if (toNumber(numbers.dp) !== d % (p - 1n)) throw badRequest('dp', 'is not d modulo p - 1');
  if (toNumber(numbers.dq) !== d % (q - 1n)) throw badRequest('dq', 'is not d modulo q - 1');
  const qi = toNumber(numbers.qi);
  if (qi >= p || (qi * q) % p !== 1n) throw badRequest('qi', 'is not the inverse of q modulo p');
}

async function checkPrimes(numbers: RsaNumbers, n: bigint, size: number): Promise<readonly [bigint, bigint]> {
  const p = toNumber(numbers.p);
  const q = toNumber(numbers.q);
  for (const [member, prime] of [
    ['p', p],
    ['q', q],
  ] as const) {
    if (bitLength(prime) !== size / 2) throw badRequest(member, `must have ${size / 2} bits, half of the modulus`);
  }
  if (p === q) throw badRequest('q', 'is the same as p');
  if (p * q !== n) throw badRequest('n', 'is not p times q');
  // Close primes are found from the root of n (FIPS 186-5 A.1.3).
  if (bitLength(p > q ? p - q : q - p) <= size / 2 - 100) throw badRequest('q', 'is too close to p');
  if (!(await isPrime(p))) throw badRequest('p', 'is not a prime');
  if (!(await isPrime(q))) throw badRequest('q', 'is not a prime');
  return [p, q];
}

function toNumber(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')}`);
}

function bitLength(value: bigint): number {
  return value === 0n ? 0 : value.toString(2).length;
}
