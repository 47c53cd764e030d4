// The `passphrase` seal: the key that seals the state is what Argon2id (RFC 9106) makes of a passphrase and a random salt.
// Salt and cost are kept with the state, so that a later default does not lock out what an earlier one sealed.
import { argon2, type KeyObject, randomBytes } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import process from 'node:process';
import { promisify } from 'node:util';
import { badRequest, CryptoError } from '../../crypto/protocol/messages.ts';
import { fromBase64url, toBase64url } from '../../formats/base64url.ts';
import { PASSPHRASE_BYTES, type PassphraseCost, type Seal } from '../../formats/seal-header.ts';
import type { Permission } from '../drop-permissions.ts';
import { secretKeyOf } from '../sealed-box.ts';

export type PassphraseSeal = Extract<Seal, { readonly kind: 'passphrase' }>;

/** @throws CryptoError BadRequest */
export async function makePassphraseSeal(
  passphrase: Uint8Array,
  cost: PassphraseCost,
): Promise<{ readonly seal: PassphraseSeal; readonly key: KeyObject }> {
  const { least, most } = PASSPHRASE_BYTES;
  if (passphrase.length < least || passphrase.length > most) {
    throw badRequest('secret', `a passphrase has ${least} to ${most} bytes`);
  }
  const { memory, passes, lanes } = cost;
  const seal = { kind: 'passphrase', salt: toBase64url(randomBytes(16)), memory, passes, lanes } as const;
  return { seal, key: await passphraseKey(seal, passphrase) };
}

/** @throws CryptoError Busy when the memory that the seal asks for is not there */
export async function passphraseKey(seal: PassphraseSeal, passphrase: Uint8Array): Promise<KeyObject> {
  const message = composed(passphrase);
  const { memory, passes, lanes: parallelism } = seal;
  const nonce = fromBase64url(seal.salt);
  try {
    const costs = { parallelism, tagLength: 32, memory, passes };
    return secretKeyOf(await promisify(argon2)('argon2id', { message, nonce, ...costs }));
  } catch (cause) {
    const mebibytes = Math.ceil(memory / 1024);
    throw new CryptoError('Busy', `Argon2id could not be computed: it takes ${mebibytes} MiB of memory`, { cause });
  } finally {
    message.fill(0);
  }
}

/** One text is written in more than one way beyond ASCII, as keyboards differ; always a copy. */
function composed(passphrase: Uint8Array): Buffer {
  const bytes = Buffer.from(passphrase);
  if (bytes.every((byte) => byte < 0x80)) return bytes;
  const text = bytes.toString('utf8').normalize('NFC');
  bytes.fill(0);
  return Buffer.from(text, 'utf8');
}

/** Far more than a passphrase. */
const MOST_PASSPHRASE = 4096;

/** The one file outside of its folder that a locked module may read; that door is shut once it is unlocked. */
export interface PassphraseSource {
  read(): Buffer;
  /** The file is not readable for this process any more. */
  close(): void;
}

export function passphraseSource(path: string | undefined): PassphraseSource | undefined {
  if (path === undefined) return undefined;
  return {
    read() {
      const file = openSync(path, 'r');
      const content = Buffer.alloc(MOST_PASSPHRASE);
      try {
        return content.subarray(0, readSync(file, content));
      } finally {
        closeSync(file);
      }
    },
    close() {
      (process.permission as Permission | undefined)?.drop('fs.read', path);
    },
  };
}
