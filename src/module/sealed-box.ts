// Authenticated encryption of everything the module lets out: blobs, records, its own files. A fresh key is derived from
// a 128-bit random salt for each box, and a fresh 96-bit nonce drawn, so one root key may seal practically without limit
// and partitions need no shared counter.
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  type KeyObject,
  randomFillSync,
} from 'node:crypto';

const VERSION = 1;
const SALT = 16;
const NONCE = 12;
const TAG = 16;
const HEAD = 1 + SALT + NONCE;

export class SealedBoxError extends Error {
  override readonly name = 'SealedBoxError';
}

/** `version | salt | nonce | ciphertext | tag`; `context` is bound in and must be given again to open. */
export function sealBox(key: KeyObject, context: Uint8Array, plaintext: Uint8Array): Buffer {
  const box = Buffer.alloc(HEAD + plaintext.length + TAG);
  box[0] = VERSION;
  randomFillSync(box, 1, SALT + NONCE);
  const messageKey = deriveKey(key, box);
  const cipher = createCipheriv('aes-256-gcm', messageKey, box.subarray(1 + SALT, HEAD));
  messageKey.fill(0);
  cipher.setAAD(context);
  cipher.update(plaintext).copy(box, HEAD);
  cipher.final();
  cipher.getAuthTag().copy(box, HEAD + plaintext.length);
  return box;
}

/**
 * The caller overwrites the plaintext if it is secret.
 * @param refusal what is thrown, whatever the reason @throws SealedBoxError where none is given
 */
export function openBox(
  key: KeyObject,
  context: Uint8Array,
  box: Uint8Array,
  refusal: () => Error = notAuthentic,
): Buffer {
  if (box.length < HEAD + TAG || box[0] !== VERSION) throw refusal();
  const messageKey = deriveKey(key, box);
  const decipher = createDecipheriv('aes-256-gcm', messageKey, box.subarray(1 + SALT, HEAD), { authTagLength: TAG });
  messageKey.fill(0);
  decipher.setAAD(context);
  decipher.setAuthTag(box.subarray(box.length - TAG));
  const plaintext = decipher.update(box.subarray(HEAD, box.length - TAG));
  try {
    decipher.final();
  } catch {
    plaintext.fill(0);
    throw refusal();
  }
  return plaintext;
}

/** Takes the bytes over: they are overwritten. */
export function secretKeyOf(bytes: Buffer): KeyObject {
  const key = createSecretKey(bytes);
  bytes.fill(0);
  return key;
}

function notAuthentic(): Error {
  return new SealedBoxError('the box is not authentic');
}

function deriveKey(key: KeyObject, box: Uint8Array): Buffer {
  return createHmac('sha256', key)
    .update('strongroom box v1\n')
    .update(box.subarray(1, 1 + SALT))
    .digest();
}
