// Project Wycheproof's vectors (Apache-2.0) against the software engine: valid ones must work, invalid ones must not, and
// "acceptable" ones may do either. Vectors lie beside the repository or where STRONGROOM_VECTORS says.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { operate } from '../engine.contract.ts';
import type { EngineKey } from '../engine.ts';
import { AsymmetricKey } from './asymmetric-key.ts';
import { loadLibcrypto } from './libcrypto.ts';
import { softwareEngine } from './software-engine.ts';

interface Vector {
  readonly tcId: number;
  readonly result: 'valid' | 'invalid' | 'acceptable';
  readonly key: string;
  readonly iv: string;
  readonly aad: string;
  readonly msg: string;
  readonly ct: string;
  readonly tag: string;
  readonly sig: string;
  readonly label: string;
}
interface Group {
  readonly tests: readonly Vector[];
  readonly keySize: number;
  readonly ivSize: number;
  readonly tagSize: number;
  readonly publicKeyDer: string;
  readonly privateKeyPkcs8: string;
}

const repository = fileURLToPath(new URL('../../../..', import.meta.url));
const folder = process.env['STRONGROOM_VECTORS'] ?? join(repository, '..', 'shared', 'vectors', 'wycheproof');
const skip = existsSync(folder) ? false : `no vectors at ${folder} (set STRONGROOM_VECTORS)`;
const library = loadLibcrypto();
const engine = softwareEngine(library);
const bytes = (hex: string): Buffer => Buffer.from(hex, 'hex');

/** Runs every vector of a file; `attempt` answers whether the engine took it. */
function vectors(
  file: string,
  least: number,
  attempt: (group: Group) => ((vector: Vector) => boolean) | undefined,
): void {
  test(`wycheproof ${file}`, { skip }, () => {
    const { testGroups } = JSON.parse(readFileSync(join(folder, `${file}_test.json`), 'utf8')) as {
      testGroups: Group[];
    };
    let ran = 0;
    for (const group of testGroups) {
      const run = attempt(group);
      if (run === undefined) continue;
      for (const vector of group.tests) {
        const taken = run(vector);
        if (vector.result !== 'acceptable') assert.equal(taken, vector.result === 'valid', `test ${vector.tcId}`);
        ran += 1;
      }
    }
    assert.ok(ran >= least, `only ${ran} vectors ran`);
  });
}

function succeeds(action: () => boolean): boolean {
  try {
    return action();
  } catch (error) {
    assert.ok(['CryptoFailed', 'BadRequest'].includes((error as { code?: string }).code ?? ''), String(error));
    return false;
  }
}

/** The decryption gives the message, and the encryption, where it is deterministic, the ciphertext. */
function symmetric(file: string, least: number, name: (bits: number) => string, unwrap: 'decrypt' | 'unwrapKey'): void {
  vectors(file, least, ({ keySize, ivSize, tagSize }) => {
    const gcm = unwrap === 'decrypt' && tagSize !== undefined;
    if (gcm && (ivSize !== 96 || tagSize !== 128)) return undefined;
    return ({ key, iv = '', aad = '', msg, ct, tag = '', result }) => {
      using opened = engine.open('oct-HSM', bytes(key));
      const taken = succeeds(() => {
        const inputs = { input: bytes(ct), iv: bytes(iv), aad: bytes(aad), proof: bytes(tag) };
        return Buffer.from(operate(opened, unwrap, name(keySize), inputs).output).equals(bytes(msg));
      });
      if (result === 'valid' && !gcm) {
        const there = unwrap === 'decrypt' ? 'encrypt' : 'wrapKey';
        const sealed = operate(opened, there, name(keySize), { input: bytes(msg), iv: bytes(iv) });
        assert.equal(Buffer.from(sealed.output).toString('hex'), ct);
      }
      return taken;
    };
  });
}

symmetric('aes_gcm', 100, (bits) => `A${bits}GCM`, 'decrypt');
symmetric('aes_cbc_pkcs5', 200, (bits) => `A${bits}CBCPAD`, 'decrypt');
symmetric('aes_wrap', 160, (bits) => `A${bits}KW`, 'unwrapKey');
symmetric('aes_kwp', 250, () => 'CKM_AES_KEY_WRAP_PAD', 'unwrapKey');

for (const bits of [256, 384, 512]) {
  // Our HMAC keys have AES lengths and full tags.
  vectors(`hmac_sha${bits}`, 1, ({ keySize, tagSize }) => {
    if (![128, 192, 256].includes(keySize) || tagSize !== bits) return undefined;
    return ({ key, msg, tag, result }) => {
      using opened = engine.open('oct-HSM', bytes(key));
      if (msg === '') {
        // The one rule of ours beyond HMAC: an empty message is no message.
        assert.throws(() => operate(opened, 'verify', `HS${bits}`, { proof: bytes(tag) }), { code: 'BadRequest' });
        return result === 'valid';
      }
      return operate(opened, 'verify', `HS${bits}`, { input: bytes(msg), proof: bytes(tag) }).output[0] === 1;
    };
  });
}

function verifies(file: string, least: number, kty: 'RSA-HSM' | 'EC-HSM', name: string, hash: string): void {
  vectors(file, least, ({ publicKeyDer }) => {
    const key: EngineKey = new AsymmetricKey(library, library.readPublicKey(bytes(publicKeyDer)), kty);
    return ({ msg, sig }) => {
      const input = createHash(hash).update(bytes(msg)).digest();
      return operate(key, 'verify', name, { input, proof: bytes(sig) }).output[0] === 1;
    };
  });
}

verifies('ecdsa_secp256r1_sha256_p1363', 200, 'EC-HSM', 'ES256', 'sha256');
verifies('ecdsa_secp256k1_sha256_p1363', 200, 'EC-HSM', 'ES256K', 'sha256');
verifies('ecdsa_secp384r1_sha384_p1363', 200, 'EC-HSM', 'ES384', 'sha384');
verifies('ecdsa_secp521r1_sha512_p1363', 200, 'EC-HSM', 'ES512', 'sha512');
for (const size of [2048, 3072, 4096]) {
  for (const bits of [256, 384, 512]) {
    verifies(`rsa_signature_${size}_sha${bits}`, 250, 'RSA-HSM', `RS${bits}`, `sha${bits}`);
  }
}
for (const [size, bits, salt] of [
  [2048, 256, 32],
  [2048, 384, 48],
  [3072, 256, 32],
  [4096, 256, 32],
  [4096, 384, 48],
  [4096, 512, 64],
] as const) {
  verifies(`rsa_pss_${size}_sha${bits}_mgf1_${salt}`, 100, 'RSA-HSM', `PS${bits}`, `sha${bits}`);
}

function decrypts(file: string, least: number, name: string): void {
  vectors(file, least, ({ privateKeyPkcs8 }) => {
    const key = engine.open('RSA-HSM', bytes(privateKeyPkcs8));
    return ({ msg, ct, label = '' }) => {
      // No label crosses our protocol: a message under one must not open.
      const opened = succeeds(() =>
        Buffer.from(operate(key, 'decrypt', name, { input: bytes(ct) }).output).equals(bytes(msg)),
      );
      return label === '' ? opened : !opened;
    };
  });
}

decrypts('rsa_oaep_2048_sha1_mgf1sha1', 30, 'RSA-OAEP');
for (const size of [2048, 3072, 4096]) decrypts(`rsa_oaep_${size}_sha256_mgf1sha256`, 30, 'RSA-OAEP-256');
// With implicit rejection an invalid ciphertext gives random bytes instead of an error: never the message.
for (const size of [2048, 3072, 4096]) decrypts(`rsa_pkcs1_${size}`, 60, 'RSA1_5');
