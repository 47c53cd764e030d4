// NIST SP 800-108 in counter mode with HMAC-SHA-512, as the security domain uses it (`"kdf":"sp108_kdf"`).
import { createHmac } from 'node:crypto';

/**
 * block i = HMAC(key, BE32(i) ‖ label ‖ 00 ‖ context ‖ BE32(bits)). One block only: clients derive at most 512 bits, and
 * the reader in the stock command line is wrong beyond them.
 */
export function kdfCounter(key: Uint8Array, label: string, context: string, bits: number): Buffer {
  if (!Number.isInteger(bits) || bits <= 0 || bits > 512 || bits % 8 !== 0) throw new RangeError('bits out of range');
  const head = Buffer.from([0, 0, 0, 1]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bits);
  const block = createHmac('sha512', key)
    .update(head)
    .update(label, 'utf8')
    .update(Buffer.of(0))
    .update(context, 'utf8')
    .update(length)
    .digest();
  const derived = Buffer.from(block.subarray(0, bits / 8));
  block.fill(0);
  return derived;
}
