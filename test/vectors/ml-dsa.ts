// ML-DSA: one file has seeds, which are imported; some of the public keys of the others belong to them.
import assert from 'node:assert/strict';
import { createHash, createPrivateKey, createPublicKey } from 'node:crypto';
import { LibcryptoError, loadLibcrypto } from '../../src/crypto/engines/software/libcrypto.ts';
import { MlDsaKey } from '../../src/crypto/engines/software/ml-dsa-key.ts';
import { CryptoError } from '../../src/crypto/protocol/messages.ts';
import { type Algorithm, algorithms } from '../../src/formats/algorithms.ts';
import { decodeMlDsaPublicKey, encodeMlDsaSeed, mlDsaSets } from '../../src/formats/ml-dsa.ts';
import type { Hsm } from './hsm.ts';
import type { FileRow, Outcome } from './run-file.ts';
import { b64, type Case, type Group, hex, type Jwk, readGroups } from './wycheproof.ts';

export const mlDsaFiles: readonly FileRow[] = [
  ...['44', '65', '87'].map(verifies),
  { file: 'mldsa_65_sign_seed', operation: 'import, sign, verify', run: signs },
];

const library = loadLibcrypto();
/** Of no file. */
const OTHER_SEED = createHash('sha256').update('another key').digest('hex');
const NONE = new Uint8Array(0);
const seedKey = (alg: string, seed: string): Jwk => ({ kty: 'AKP', alg, priv: b64(hex(seed)) });

function verifies(set: string): FileRow {
  const alg = `ML-DSA-${set}`;
  const algorithm = algorithms.get(alg) as Algorithm;
  return {
    file: `mldsa_${set}_verify`,
    operation: 'verify',
    async run(hsm, test, { publicKey, publicKeyDer }) {
      const { msg, sig, ctx } = test;
      const body = { digest: b64(hex(msg)), value: b64(hex(sig)), ...contextOf(test) };
      const seed = seedsOf(alg).get(publicKey as string);
      if (seed !== undefined) {
        return { taken: await hsm.verifies(await hsm.importOk(seedKey(alg, seed)), body), through: 'HTTPS' };
      }
      // Another key, through HTTPS, must say no to all of them.
      assert.equal(await hsm.verifies(await hsm.importOk(seedKey(alg, OTHER_SEED)), body), false);
      try {
        using key = new MlDsaKey(library, library.readPublicKey(hex(publicKeyDer)));
        const inputs = { input: hex(msg), proof: hex(sig), iv: NONE, aad: hex(ctx) };
        return { taken: key.operate('verify', algorithm, inputs).output[0] === 1, through: 'engine' };
      } catch (error) {
        assert.ok(error instanceof LibcryptoError || error instanceof CryptoError, String(error));
        return { taken: false, through: 'engine' };
      }
    },
  };
}

/**
 * The service signs hedged, so its signatures differ from those of the file, which are deterministic: the file's must hold
 * for the imported seed, over the message and over its mu, and the service's own too.
 */
async function signs(hsm: Hsm, test: Case, { privateSeed = '', publicKey }: Group): Promise<Outcome> {
  const jwk = seedKey('ML-DSA-65', privateSeed);
  const { status, text, json } = await hsm.import(jwk);
  if (status !== 200) {
    assert.equal(status, 400);
    assert.match(text, /priv: must be the seed of 32 bytes/);
    return { taken: false, through: 'HTTPS' };
  }
  const { pub } = (json as { key: { pub: string } }).key;
  if (typeof publicKey === 'string') assert.equal(pub, b64(hex(publicKey)));
  const key = await hsm.importOk(jwk);
  const answers: boolean[] = [];
  for (const signed of [
    ...(test.msg === undefined ? [] : [{ message: b64(hex(test.msg)), ...contextOf(test) }]),
    ...(test.mu === undefined ? [] : [{ external_mu: b64(hex(test.mu)) }]),
  ]) {
    const { message, ...rest } = signed as { message?: string };
    const own = await hsm.bytes(key, 'sign', { ...rest, ...(message === undefined ? {} : { value: message }) });
    for (const signature of test.result === 'valid' ? [hex(test.sig), own] : [own]) {
      const body = { ...rest, ...(message === undefined ? {} : { digest: message }), value: b64(signature ?? NONE) };
      answers.push(await hsm.verifies(key, body));
    }
  }
  assert.equal(new Set(answers).size, 1, `${answers}`);
  return { taken: answers[0] === true, through: 'HTTPS' };
}

const contextOf = ({ ctx }: Case): { context?: string } => (ctx === undefined ? {} : { context: b64(hex(ctx)) });

/** For every parameter set, which public key (hex) belongs to which seed (hex) that a file tells. */
let bySet: ReadonlyMap<string, ReadonlyMap<string, string>> | undefined;
function seedsOf(alg: string): ReadonlyMap<string, string> {
  if (bySet === undefined) {
    const told = readGroups('mldsa_65_sign_seed').flatMap(({ privateSeed = '' }) =>
      privateSeed.length === 64 ? [privateSeed] : [],
    );
    const keysOf = (name: string) => new Map(told.map((seed) => [publicKeyOf(name, seed), seed]));
    bySet = new Map([...mlDsaSets.keys()].map((name) => [name, keysOf(name)]));
  }
  return bySet.get(alg) ?? new Map();
}

function publicKeyOf(alg: string, seed: string): string {
  const key = createPrivateKey({ key: encodeMlDsaSeed(alg, hex(seed)), format: 'der', type: 'pkcs8' });
  const spki = createPublicKey(key).export({ format: 'der', type: 'spki' });
  return Buffer.from(decodeMlDsaPublicKey(spki).pub).toString('hex');
}
