// Random 96-bit nonces, drawn from the system in batches: one draw for each would cost more than AES-GCM itself.
import { randomFillSync } from 'node:crypto';

const LENGTH = 12;
const pool = Buffer.alloc(LENGTH * 512);
let at = pool.length;

export function nextNonce(): Buffer {
  if (at === pool.length) {
    randomFillSync(pool);
    at = 0;
  }
  const nonce = Buffer.from(pool.subarray(at, at + LENGTH));
  at += LENGTH;
  return nonce;
}
