// Signatures. Most files have public keys alone, and the API takes none: those cases go into the module's engine, and
// through HTTPS to another key of the same kind, which must say no to every one of them. Where another file has the
// private key, the case goes through HTTPS alone.
import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync } from 'node:crypto';
import type { EngineKey } from '../../src/crypto/engines/engine.ts';
import { AsymmetricKey } from '../../src/crypto/engines/software/asymmetric-key.ts';
import { loadLibcrypto } from '../../src/crypto/engines/software/libcrypto.ts';
import { type Algorithm, algorithms } from '../../src/formats/algorithms.ts';
import type { FileRow } from './run-file.ts';
import { b64, type Group, hex, type Jwk, readGroups } from './wycheproof.ts';

const SIZES = [2048, 3072, 4096];

export const signatureFiles: readonly FileRow[] = [
  ...[
    { file: 'ecdsa_secp256r1_sha256_p1363', alg: 'ES256', curve: 'P-256' },
    { file: 'ecdsa_secp256k1_sha256_p1363', alg: 'ES256K', curve: 'secp256k1' },
    { file: 'ecdsa_secp384r1_sha384_p1363', alg: 'ES384', curve: 'P-384' },
    { file: 'ecdsa_secp521r1_sha512_p1363', alg: 'ES512', curve: 'P-521' },
  ].map(({ file, alg, curve }) => verifies(file, alg, () => ecKey(curve))),
  ...SIZES.flatMap((size) =>
    [256, 384, 512].map((bits) => verifies(`rsa_signature_${size}_sha${bits}`, `RS${bits}`, () => rsaKey(size))),
  ),
  ...(
    [
      [2048, 256, 32],
      [2048, 384, 48],
      [3072, 256, 32],
      [4096, 256, 32],
      [4096, 384, 48],
      [4096, 512, 64],
    ] as const
  ).map(([size, bits, salt]) => verifies(`rsa_pss_${size}_sha${bits}_mgf1_${salt}`, `PS${bits}`, () => rsaKey(size))),
];

const library = loadLibcrypto();
const NONE = new Uint8Array(0);

function verifies(file: string, alg: string, otherKey: () => Jwk): FileRow {
  const algorithm = algorithms.get(alg) as Algorithm;
  const opened = new Map<Group, EngineKey>();
  return {
    file,
    operation: 'verify',
    async run(hsm, { msg, sig }, group) {
      const { scheme } = algorithm;
      assert.ok('hash' in scheme && scheme.hash !== undefined);
      const digest = createHash(scheme.hash).update(hex(msg)).digest();
      const body = { alg, digest: b64(digest), value: b64(hex(sig)) };
      const own = privateKeys().get(modulusOf(group));
      if (own !== undefined) return { taken: await hsm.verifies(await hsm.importOk(own), body), through: 'HTTPS' };
      assert.equal(await hsm.verifies(await hsm.importOk(otherKey()), body), false);
      let key = opened.get(group);
      if (key === undefined) {
        const pkey = library.readPublicKey(hex(group.publicKeyDer));
        key = new AsymmetricKey(library, pkey, algorithm.kty === 'EC-HSM' ? 'EC-HSM' : 'RSA-HSM');
        opened.set(group, key);
      }
      const { output } = key.operate('verify', algorithm, { input: digest, proof: hex(sig), iv: NONE, aad: NONE });
      return { taken: output[0] === 1, through: 'engine' };
    },
  };
}

const modulusOf = (group: Group): string => (group.publicKeyJwk ?? group.keyJwk)?.['n'] ?? 'none';

/** By modulus, from the files of decryption. */
let byModulus: ReadonlyMap<string, Jwk> | undefined;
function privateKeys(): ReadonlyMap<string, Jwk> {
  byModulus ??= new Map(
    [
      ...SIZES.map((size) => `rsa_pkcs1_${size}`),
      ...SIZES.map((size) => `rsa_oaep_${size}_sha256_mgf1sha256`),
      'rsa_oaep_2048_sha1_mgf1sha1',
    ]
      .flatMap(readGroups)
      .flatMap(({ privateKeyJwk: jwk }) => (jwk?.['n'] === undefined ? [] : [[jwk['n'], jwk] as const])),
  );
  return byModulus;
}

function rsaKey(size: number): Jwk {
  const [first] = readOnce(`rsa_pkcs1_${size}`);
  assert.ok(first?.privateKeyJwk !== undefined);
  return first.privateKeyJwk;
}

const files = new Map<string, readonly Group[]>();
function readOnce(file: string): readonly Group[] {
  const groups = files.get(file) ?? readGroups(file);
  files.set(file, groups);
  return groups;
}

const ecKeys = new Map<string, Jwk>();
function ecKey(curve: string): Jwk {
  let jwk = ecKeys.get(curve);
  if (jwk === undefined) {
    const made = generateKeyPairSync('ec', { namedCurve: curve }).privateKey.export({ format: 'jwk' });
    // The API's own name for it.
    jwk = { ...(made as Record<string, string>), ...(curve === 'secp256k1' ? { crv: 'P-256K' } : {}) };
    ecKeys.set(curve, jwk);
  }
  return jwk;
}
