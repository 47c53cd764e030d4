// AES and HMAC: every case brings a key of its own.
import assert from 'node:assert/strict';
import { decryptContent, JweError } from '../../src/formats/jwe.ts';
import type { Hsm } from './hsm.ts';
import type { FileRow, LeftOut, Outcome } from './run-file.ts';
import { b64, type Case, type Group, hex, type Jwk } from './wycheproof.ts';

const KEY_SIZES = [128, 192, 256];

export const symmetricFiles: readonly FileRow[] = [
  { file: 'aes_gcm', operation: 'decrypt', run: gcm },
  { file: 'aes_cbc_pkcs5', operation: 'encrypt, decrypt', run: both('encrypt', 'decrypt', (bits) => `A${bits}CBCPAD`) },
  { file: 'aes_wrap', operation: 'wrapKey, unwrapKey', run: both('wrapKey', 'unwrapKey', (bits) => `A${bits}KW`) },
  { file: 'aes_kwp', operation: 'wrapKey, unwrapKey', run: both('wrapKey', 'unwrapKey', () => 'CKM_AES_KEY_WRAP_PAD') },
  ...[256, 384, 512].map((bits) => ({ file: `hmac_sha${bits}`, operation: 'sign, verify', run: hmac(bits) })),
  { file: 'a256cbc_hs512', operation: 'the JWE of the security domain', run: contentEncryption },
];

const oct = ({ key }: Case): Jwk => ({ kty: 'oct', k: b64(hex(key)) });
const https = (taken: boolean): Outcome => ({ taken, through: 'HTTPS' });

async function gcm(hsm: Hsm, test: Case, { keySize, ivSize, tagSize }: Group): Promise<Outcome> {
  const { ct, iv, aad, tag, msg } = test;
  const key = await hsm.importOk(oct(test));
  const body = { alg: `A${keySize}GCM`, value: b64(hex(ct)), iv: b64(hex(iv)), aad: b64(hex(aad)), tag: b64(hex(tag)) };
  if (ivSize === 96 && tagSize === 128)
    return https((await hsm.bytes(key, 'decrypt', body))?.equals(hex(msg)) === true);
  return refused(hsm, key, 'decrypt', body, /takes 1[26] bytes/, 'the API fixes the iv of AES-GCM at 96 bits');
}

/** There must give the ciphertext of the file, and back the message. */
function both(there: string, back: string, name: (bits: number) => string): FileRow['run'] {
  return async (hsm, test, { keySize }) => {
    const { ct, iv, msg, result } = test;
    const key = await hsm.importOk(oct(test));
    const common = { alg: name(keySize), ...(iv === undefined ? {} : { iv: b64(hex(iv)) }) };
    if (result === 'valid') {
      const sealed = await hsm.bytes(key, there, { ...common, value: b64(hex(msg)) });
      assert.equal(sealed?.toString('hex'), ct);
    }
    return https((await hsm.bytes(key, back, { ...common, value: b64(hex(ct)) }))?.equals(hex(msg)) === true);
  };
}

function hmac(bits: number): FileRow['run'] {
  return async (hsm, test, { keySize, tagSize }) => {
    const { msg, tag, result } = test;
    if (!KEY_SIZES.includes(keySize)) {
      const { status, text } = await hsm.import(oct(test));
      assert.equal(status, 400);
      assert.match(text, /Invalid key size|'k' may have at most/);
      return { why: `symmetric keys have ${KEY_SIZES.join(', ')} bits` };
    }
    const key = await hsm.importOk(oct(test));
    const body = { alg: `HS${bits}`, digest: b64(hex(msg)), value: b64(hex(tag)) };
    if (msg === '') return refused(hsm, key, 'verify', body, /takes 1 byte or more/, 'an empty message is refused');
    const taken = await hsm.verifies(key, body);
    if (tagSize !== bits) {
      assert.equal(taken, false);
      return { why: 'tags are not shortened' };
    }
    if (result === 'valid') {
      const made = await hsm.bytes(key, 'sign', { alg: `HS${bits}`, value: b64(hex(msg)) });
      assert.equal(made?.toString('hex'), tag);
    }
    return https(taken);
  };
}

/** Not an algorithm of the API: what the product itself opens with it is. */
function contentEncryption(_hsm: Hsm, { key, aad, iv, ct, tag, msg }: Case): Promise<Outcome> {
  const content = { iv: hex(iv), ciphertext: hex(ct), tag: hex(tag) };
  let taken: boolean;
  try {
    taken = decryptContent(hex(key), hex(aad), content).equals(hex(msg));
  } catch (error) {
    if (!(error instanceof JweError)) throw error;
    taken = false;
  }
  return Promise.resolve({ taken, through: 'formats' });
}

async function refused(
  hsm: Hsm,
  key: string,
  operation: string,
  body: object,
  text: RegExp,
  why: string,
): Promise<LeftOut> {
  const reply = await hsm.operate(key, operation, body);
  assert.equal(reply.status, 400, reply.text);
  assert.match(reply.text, text);
  return { why };
}
