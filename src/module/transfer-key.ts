// The transfer key: an RSA key to which custodians encrypt what they bring, made when first asked for and good for one
// ceremony. All partitions have the same one, sealed in a file of the module's folder. It is bound to the state of before that
// ceremony, so one that was used and is there all the same, left or put back, does not open any more.
import { createHash, createPrivateKey, generateKeyPair, type KeyObject, randomBytes, sign } from 'node:crypto';
import { readFileSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Fields, fields } from '../formats/fields.ts';
import { recipientCertificate } from '../formats/x509-writer.ts';
import { replaceDurable } from './durable-file.ts';
import { openBox, SealedBoxError, sealBox } from './sealed-box.ts';
import type { Provisioned } from './state-file.ts';

const RSA_BITS = 3072;
const layout: Fields<{ version: 'u8'; key: 'bytes'; certificate: 'bytes' }> = fields({
  version: 'u8',
  key: 'bytes',
  certificate: 'bytes',
});

export interface TransferKey {
  readonly privateKey: KeyObject;
  /** DER. */
  readonly certificate: Buffer;
  /** x5t#S256. */
  readonly thumbprint: string;
}

/** Sealed already: what was made and may yet find that another partition was first. */
export interface SealedTransferKey {
  readonly sealed: Buffer;
}

export class TransferKeys {
  readonly #path: string;

  constructor(folder: string) {
    this.#path = join(folder, 'transfer.sealed');
  }

  /** `undefined`: none was made, or it was made for another state and is of no use. */
  load(state: Provisioned): TransferKey | undefined {
    let plaintext: Buffer | undefined;
    try {
      plaintext = openBox(state.rootKeys.recordSealing, contextOf(state), readFileSync(this.#path));
      const { version, key, certificate } = layout.decode(plaintext);
      if (version !== 1) return undefined;
      const copy = Buffer.from(certificate);
      const pkcs8 = Buffer.from(key);
      try {
        return {
          privateKey: createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' }),
          certificate: copy,
          thumbprint: createHash('sha256').update(copy).digest('base64url'),
        };
      } finally {
        pkcs8.fill(0);
      }
    } catch (error) {
      if (error instanceof SealedBoxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    } finally {
      plaintext?.fill(0);
    }
  }

  /** Makes one, and keeps nothing yet. @param now Unix seconds */
  async make(state: Provisioned, now: number): Promise<SealedTransferKey> {
    const { publicKey, privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: RSA_BITS });
    const serial = randomBytes(16);
    serial[0] = ((serial[0] as number) & 0x3f) | 0x40;
    const spki = publicKey.export({ format: 'der', type: 'spki' });
    const certificate = recipientCertificate(
      { serial, subject: state.instanceName, notBefore: now, publicKey: spki },
      (toSign) => sign('sha256', toSign, privateKey),
    );
    const key = privateKey.export({ format: 'der', type: 'pkcs8' });
    const plaintext = layout.encode({ version: 1, key, certificate });
    try {
      return { sealed: sealBox(state.rootKeys.recordSealing, contextOf(state), plaintext) };
    } finally {
      key.fill(0);
      plaintext.fill(0);
    }
  }

  keep({ sealed }: SealedTransferKey): void {
    replaceDurable(this.#path, sealed);
  }

  /** After it was used. */
  remove(): void {
    try {
      unlinkSync(this.#path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
}

/** No other generation has this digest, and no other instance. */
function contextOf({ digest }: Provisioned): Buffer {
  return Buffer.from(`strongroom transfer key v2\n${digest}`, 'utf8');
}
