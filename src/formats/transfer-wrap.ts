// CKM_RSA_AES_KEY_WRAP in software, the sender's side: for keys that lie in a file, and for tests. What it is given
// exists in the clear here.
import { constants, createCipheriv, type KeyObject, publicEncrypt, randomBytes } from 'node:crypto';

/** RFC 5649 §3: the initial value that says "padded". Node's cipher wants it spelled out. */
const PADDED = Buffer.from('a65959a6', 'hex');

/** RSA-OAEP (SHA-1, MGF1 with SHA-1) of a fresh AES-256 key, then the target wrapped with it (RFC 5649). */
export function wrapForTransfer(kek: KeyObject, target: Uint8Array): Buffer {
  const ephemeral = randomBytes(32);
  try {
    const padding = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha1' };
    const wrappedEphemeral = publicEncrypt({ key: kek, ...padding }, ephemeral);
    return Buffer.concat([wrappedEphemeral, wrapPadded(ephemeral, target)]);
  } finally {
    ephemeral.fill(0);
  }
}

/** AES key wrap with padding (RFC 5649) under an AES-256 key. */
export function wrapPadded(key: Uint8Array, target: Uint8Array): Buffer {
  const cipher = createCipheriv('id-aes256-wrap-pad' as 'aes-256-cbc', key, PADDED);
  return Buffer.concat([cipher.update(target), cipher.final()]);
}
