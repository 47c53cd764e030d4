// A sealer for tests that keeps the promises of the module (AES-GCM over name and value, bound to key and revision)
// without its process. Never used by the product.
import { Buffer } from 'node:buffer';
import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';
import { CryptoError } from '../../crypto/protocol/messages.ts';
import { encodeHead, HEAD } from './head.ts';
import type { RecordSealer } from './records.ts';

export interface InTestSealer extends RecordSealer {
  /** Newest head noted. */
  noted: number;
  /** Called before every request; throws to make it fail. */
  before: (request: 'seal' | 'open' | 'noteHead') => void;
}

export function inTestSealer(secret: Uint8Array = randomBytes(32)): InTestSealer {
  const keyOf = (name: string): Buffer => createHmac('sha256', secret).update(`name:${name}`).digest();
  const binding = (key: Uint8Array, revision: number): Buffer =>
    Buffer.from(`${Buffer.from(key).toString('hex')}:${revision}`);

  const open = (key: Uint8Array, revision: number, sealed: Uint8Array) => {
    try {
      const decipher = createDecipheriv('aes-256-gcm', secret, sealed.subarray(0, 12), { authTagLength: 16 });
      decipher.setAAD(binding(key, revision)).setAuthTag(sealed.subarray(12, 28));
      const plain = Buffer.concat([decipher.update(sealed.subarray(28)), decipher.final()]);
      const nameLength = plain.readUInt32LE(0);
      return { name: plain.toString('utf8', 4, 4 + nameLength), value: plain.subarray(4 + nameLength) };
    } catch (cause) {
      throw new CryptoError('RecordRefused', 'not authentic', { cause });
    }
  };

  const seal = (name: string, revision: number, value: Uint8Array) => {
    const key = keyOf(name);
    const iv = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', secret, iv, { authTagLength: 16 }).setAAD(binding(key, revision));
    const length = Buffer.alloc(4);
    length.writeUInt32LE(Buffer.byteLength(name));
    const text = Buffer.concat([cipher.update(Buffer.concat([length, Buffer.from(name), value])), cipher.final()]);
    return { key, sealed: Buffer.concat([iv, cipher.getAuthTag(), text]) };
  };

  return {
    noted: 0,
    before: () => {},
    async seal(name, revision, value) {
      this.before('seal');
      if (name === HEAD) throw new CryptoError('BadRequest', 'name: a head is sealed by sealHead');
      return seal(name, revision, value);
    },
    async sealHead(head, previous) {
      this.before('seal');
      const before = head.sequence - 1;
      if (before > 0 && open(keyOf(HEAD), before, previous).name !== HEAD) {
        throw new CryptoError('RecordRefused', 'not the head before');
      }
      return { ...seal(HEAD, head.sequence, encodeHead(head)), generation: 0 };
    },
    async open(key, revision, sealed) {
      this.before('open');
      return open(key, revision, sealed);
    },
    async noteHead(revision, key, sealed) {
      this.before('noteHead');
      if (open(key, revision, sealed).name !== HEAD) throw new CryptoError('RecordRefused', 'not a head');
      this.noted = Math.max(this.noted, revision);
    },
  };
}
