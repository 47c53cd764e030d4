// RSA decryption with the private keys of the files.
import assert from 'node:assert/strict';
import type { FileRow } from './run-file.ts';
import { b64, hex } from './wycheproof.ts';

export const rsaEncryptionFiles: readonly FileRow[] = [
  ...[2048, 3072, 4096].map((bits) => decrypts(`rsa_pkcs1_${bits}`, 'RSA1_5')),
  decrypts('rsa_oaep_2048_sha1_mgf1sha1', 'RSA-OAEP'),
  ...[2048, 3072, 4096].map((bits) => decrypts(`rsa_oaep_${bits}_sha256_mgf1sha256`, 'RSA-OAEP-256')),
];

const bytesOf = (text = ''): Buffer => Buffer.from(text, 'base64url');

/**
 * Taken is what decrypts to the message. RSA1_5 rejects implicitly: a wrong padding answers 200 and bytes that have nothing
 * to do with the message, and the same ones each time.
 */
function decrypts(file: string, alg: string): FileRow {
  return {
    file,
    operation: 'decrypt',
    async run(hsm, { ct, msg, label = '' }, { privateKeyJwk }) {
      assert.ok(privateKeyJwk !== undefined);
      const key = await hsm.importOk(privateKeyJwk);
      const body = { alg, value: b64(hex(ct)) };
      const opened = await hsm.bytes(key, 'decrypt', body);
      const taken = opened?.equals(hex(msg)) === true;
      if (label !== '') {
        assert.equal(opened, undefined);
        return { why: 'the API has no OAEP labels' };
      }
      // Only what can be said of the ciphertext without the private key is refused: its length, and that it is below n.
      const n = bytesOf(privateKeyJwk['n']);
      if (alg === 'RSA1_5' && hex(ct).length === n.length && n.compare(hex(ct)) > 0) {
        assert.ok(opened !== undefined, 'a wrong padding must not be told');
        assert.deepEqual(await hsm.bytes(key, 'decrypt', body), opened);
      }
      return { taken, through: 'HTTPS' };
    },
  };
}
