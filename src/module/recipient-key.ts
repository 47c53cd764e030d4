// The key to which the seal key is encrypted on its way from an open process of this module into one that waits. It lives as
// long as that one is locked. Its public half also lies in the module's folder, where processes of the module alone write:
// the seal key is handed to a key that lies there and to no other, so no message brings it to whoever sends one.
import { createPublicKey, diffieHellman, generateKeyPairSync, hkdfSync, type KeyObject } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { CryptoError } from '../crypto/protocol/messages.ts';
import { fromBase64url, sha256url, toBase64url } from '../formats/base64url.ts';
import { createDurable } from './durable-file.ts';
import { openBox, sealBox, secretKeyOf } from './sealed-box.ts';

/** And certificates of `ceremony/seal-lock.ts`. */
const FILE = /^recipient-[\w-]{43}\.(pub|cer)$/;
/** Left by processes that were killed while they waited. */
const STALE_MS = 3_600_000;
const LABEL = Buffer.from('strongroom seal key handed over v1');
/** SubjectPublicKeyInfo of X25519 (RFC 8410). */
const SPKI_BYTES = 44;

export interface RecipientKey extends Disposable {
  /** SHA-256 of the public key, base64url. */
  readonly thumbprint: string;
  /** The public key (DER), which lies in the folder from then on, whatever was taken for stale meanwhile. */
  show(): Buffer;
  /** What `sealToWaiting` made for it. @throws CryptoError BadRequest */
  open(sealed: string): Buffer;
}

/** @param now Unix seconds */
export function makeRecipientKey(folder: string, now: number): RecipientKey {
  removeStale(folder, now);
  const { privateKey, publicKey } = generateKeyPairSync('x25519');
  const der = spkiOf(publicKey);
  const thumbprint = sha256url(der);
  const path = pathOf(folder, thumbprint);
  return {
    thumbprint,
    show() {
      createDurable(path, der);
      return der;
    },
    open(sealed) {
      try {
        const bytes = fromBase64url(sealed);
        const ephemeral = bytes.subarray(0, SPKI_BYTES);
        const sender = createPublicKey({ key: ephemeral, format: 'der', type: 'spki' });
        return openBox(agreedKey(privateKey, sender, ephemeral, der), LABEL, bytes.subarray(SPKI_BYTES));
      } catch (cause) {
        throw new CryptoError('BadRequest', 'sealed: is not encrypted to the key of this process', { cause });
      }
    },
    [Symbol.dispose]: () => rmSync(path, { force: true }),
  };
}

/** Once for each key. @throws CryptoError BadRequest when no process over this folder waits with it */
export function sealToWaiting(folder: string, publicKey: Uint8Array, secret: Uint8Array): string {
  const path = pathOf(folder, sha256url(publicKey));
  let waiting: Buffer;
  try {
    waiting = readFileSync(path);
  } catch (cause) {
    throw new CryptoError('BadRequest', 'key: no process of this module waits with it', { cause });
  }
  rmSync(path, { force: true });
  const own = generateKeyPairSync('x25519');
  const ephemeral = spkiOf(own.publicKey);
  const recipient = createPublicKey({ key: waiting, format: 'der', type: 'spki' });
  const key = agreedKey(own.privateKey, recipient, ephemeral, waiting);
  return toBase64url(Buffer.concat([ephemeral, sealBox(key, LABEL, secret)]));
}

/** Of X25519 by HKDF (RFC 5869), with both public keys bound in. */
function agreedKey(privateKey: KeyObject, publicKey: KeyObject, ephemeral: Buffer, recipient: Buffer): KeyObject {
  const shared = diffieHellman({ privateKey, publicKey });
  const info = Buffer.concat([LABEL, ephemeral, recipient]);
  const key = secretKeyOf(Buffer.from(hkdfSync('sha256', shared, Buffer.alloc(0), info, 32)));
  shared.fill(0);
  return key;
}

function removeStale(folder: string, now: number): void {
  for (const name of readdirSync(folder)) {
    if (!FILE.test(name)) continue;
    const path = join(folder, name);
    const age = now * 1000 - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Number.POSITIVE_INFINITY);
    if (age > STALE_MS) rmSync(path, { force: true });
  }
}

function spkiOf(key: KeyObject): Buffer {
  return key.export({ format: 'der', type: 'spki' });
}

function pathOf(folder: string, thumbprint: string): string {
  return join(folder, `recipient-${thumbprint}.pub`);
}
