// What every engine must do, run by each engine's own test. One function builds the engine under test.
import assert from 'node:assert/strict';
import {
  constants,
  createHash,
  createPrivateKey,
  createPublicKey,
  createVerify,
  hash as hashOf,
  publicEncrypt,
  randomBytes,
  verify,
} from 'node:crypto';
import { describe, test } from 'node:test';
import { type Algorithm, algorithms, type Operation, rsaExponents } from '../../formats/algorithms.ts';
import { mlDsaSets } from '../../formats/ml-dsa.ts';
import { CryptoError, EXTERNAL_MU, type PublicKey } from '../protocol/messages.ts';
import type { Engine, EngineKey, KeySpec, OperationInputs } from './engine.ts';

const NONE = new Uint8Array(0);

export const keySpecs: readonly KeySpec[] = [
  ...rsaExponents.map((publicExponent) => ({ kty: 'RSA-HSM', size: 2048, publicExponent }) as const),
  ...['P-256', 'P-256K', 'P-384', 'P-521'].map((curve) => ({ kty: 'EC-HSM', curve }) as const),
  ...[128, 192, 256].map((size) => ({ kty: 'oct-HSM', size }) as const),
  ...[...mlDsaSets.keys()].map((alg) => ({ kty: 'AKP-HSM', alg }) as const),
];

export function engineContract(label: string, build: () => Engine): void {
  describe(`${label}: every engine`, () => {
    const engine = build();

    for (const spec of keySpecs) {
      test(`${JSON.stringify(spec)} does its algorithms, all of them and no others`, async () => {
        const { key, material } = await engine.generate(spec);
        using reopened = engine.open(spec.kty, material);
        using made = key;
        assert.deepEqual(reopened.publicKey, made.publicKey);
        for (const algorithm of algorithms.values()) {
          if (algorithm.kty !== spec.kty || !fits(algorithm, spec)) refusesAlgorithm(made, algorithm);
          else if (algorithm.operations.includes('sign')) signsAndVerifies(made, reopened, algorithm);
          else encryptsAndDecrypts(made, reopened, algorithm);
        }
      });
    }

    test('random bytes are as many as asked for, and never the same', () => {
      for (const count of [1, 31, 128]) assert.equal(engine.random(count).length, count);
      assert.equal(new Set(Array.from({ length: 100 }, () => engine.random(16).toString('hex'))).size, 100);
      const ones = engine.random(4096).reduce((sum, byte) => sum + byte.toString(2).replaceAll('0', '').length, 0);
      // Twelve standard deviations: it fails for a source that is stuck, not by chance.
      assert.ok(Math.abs(ones - 16384) < 12 * 91, `${ones} of 32768 bits are set`);
    });

    test('signatures and ciphertexts are what other software expects', async () => {
      const { key: rsa } = await engine.generate({ kty: 'RSA-HSM', size: 2048, publicExponent: 65537 });
      const { key: ec } = await engine.generate({ kty: 'EC-HSM', curve: 'P-384' });
      const message = randomBytes(50);
      const digest = (hash: string): Buffer => createHashOf(hash, message);
      const rsaPublic = keyObject(rsa.publicKey);
      const rs256 = operate(rsa, 'sign', 'RS256', { input: digest('sha256') }).output;
      assert.ok(createVerify('sha256').update(message).verify(rsaPublic, rs256));
      const ps512 = operate(rsa, 'sign', 'PS512', { input: digest('sha512') }).output;
      const pss = { key: rsaPublic, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 64 };
      assert.ok(verify('sha512', message, pss, ps512));
      const es384 = operate(ec, 'sign', 'ES384', { input: digest('sha384') }).output;
      assert.ok(verify('sha384', message, { key: keyObject(ec.publicKey), dsaEncoding: 'ieee-p1363' }, es384));
      const secret = randomBytes(32);
      const oaep = { key: rsaPublic, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' };
      const wrapped = publicEncrypt(oaep, secret);
      assert.deepEqual(Buffer.from(operate(rsa, 'unwrapKey', 'RSA-OAEP-256', { input: wrapped }).output), secret);
      rsa[Symbol.dispose]();
      ec[Symbol.dispose]();
    });

    test('an ML-DSA signature holds for its message, its context and its mu alone', async () => {
      for (const [alg, set] of mlDsaSets) {
        const { key, material } = await engine.generate({ kty: 'AKP-HSM', alg });
        const outside = createPublicKey(createPrivateKey({ key: material, format: 'der', type: 'pkcs8' }));
        const message = randomBytes(1000);
        const context = randomBytes(255);
        const holds = (proof: Uint8Array, inputs: Partial<OperationInputs>): boolean =>
          operate(key, 'verify', alg, { proof, ...inputs }).output[0] === 1;
        const plain = operate(key, 'sign', alg, { input: message }).output;
        assert.equal(plain.length, set.signatureBytes);
        assert.ok(verify(null, message, outside, plain));
        assert.ok(holds(plain, { input: message }));
        assert.ok(!holds(plain, { input: message, aad: context }));
        // Hedged: no two signatures are the same.
        assert.notDeepEqual(operate(key, 'sign', alg, { input: message }).output, plain);
        const bound = operate(key, 'sign', alg, { input: message, aad: context }).output;
        assert.ok(holds(bound, { input: message, aad: context }));
        assert.ok(!holds(bound, { input: message }));
        assert.ok(!holds(bound, { input: message, aad: context.subarray(1) }));
        assert.ok(verify(null, message, { key: outside, context } as never, bound));
        // FIPS 204 §6.2 and algorithm 7 line 6, with the empty context: mu = H(H(pk, 64) ‖ 0 ‖ 0 ‖ message, 64).
        assert.ok(key.publicKey.kty === 'AKP-HSM');
        const shake = (...parts: Uint8Array[]): Buffer =>
          parts.reduce((hash, part) => hash.update(part), createHash('shake256', { outputLength: 64 })).digest();
        const mu = shake(shake(Buffer.from(key.publicKey.pub, 'base64url')), Buffer.of(0, 0), message);
        const iv = Uint8Array.of(EXTERNAL_MU);
        assert.ok(holds(plain, { input: mu, iv }));
        assert.ok(!holds(plain, { input: mu }));
        const overMu = operate(key, 'sign', alg, { input: mu, iv }).output;
        assert.ok(verify(null, message, outside, overMu));
        const refused: [Partial<OperationInputs>, RegExp][] = [
          [{ input: message, aad: randomBytes(256) }, /^context/],
          [{ input: mu, iv, aad: Buffer.of(1) }, /^context/],
          [{ input: mu.subarray(1), iv }, /^external_mu/],
          [{ input: mu, iv: Buffer.of(2) }, /^iv/],
          [{ input: mu, iv: Buffer.of(1, 1) }, /^iv/],
        ];
        for (const [inputs, text] of refused) {
          for (const operation of ['sign', 'verify'] as const) {
            assert.throws(() => operate(key, operation, alg, inputs), { code: 'BadRequest', message: text });
          }
        }
        key[Symbol.dispose]();
      }
    });

    test('every failed decryption gives the same refusal', async () => {
      const { key: rsa } = await engine.generate({ kty: 'RSA-HSM', size: 2048, publicExponent: 65537 });
      const { key: oct } = await engine.generate({ kty: 'oct-HSM', size: 256 });
      const gcm = operate(oct, 'encrypt', 'A256GCM', { input: randomBytes(20) });
      const wrapped = operate(oct, 'wrapKey', 'A256KW', { input: randomBytes(32) }).output;
      const attempts: [EngineKey, 'decrypt' | 'unwrapKey', string, Partial<OperationInputs>][] = [
        [rsa, 'decrypt', 'RSA-OAEP', { input: Buffer.alloc(256, 1) }],
        [rsa, 'unwrapKey', 'RSA-OAEP-256', { input: Buffer.alloc(256, 0xff) }],
        [rsa, 'unwrapKey', 'RSA-OAEP-256', { input: Buffer.alloc(255) }],
        [rsa, 'decrypt', 'RSA1_5', { input: NONE }],
        [oct, 'decrypt', 'A256GCM', { input: gcm.output, iv: gcm.iv, proof: flip(gcm.tag) }],
        [oct, 'decrypt', 'A256GCM', { input: flip(gcm.output), iv: gcm.iv, proof: gcm.tag }],
        [oct, 'decrypt', 'A256GCM', { input: gcm.output, iv: flip(gcm.iv), proof: gcm.tag }],
        [oct, 'decrypt', 'A256GCM', { input: gcm.output, iv: gcm.iv, proof: gcm.tag, aad: Buffer.of(1) }],
        [oct, 'unwrapKey', 'A256KW', { input: flip(wrapped) }],
        [oct, 'unwrapKey', 'A256KW', { input: wrapped.subarray(8) }],
        [oct, 'unwrapKey', 'A256KW', { input: wrapped.subarray(1) }],
        [oct, 'unwrapKey', 'CKM_AES_KEY_WRAP_PAD', { input: Buffer.alloc(24) }],
        [oct, 'decrypt', 'A256CBCPAD', { input: Buffer.alloc(32), iv: Buffer.alloc(16) }],
        [oct, 'decrypt', 'A256CBC', { input: Buffer.alloc(17), iv: Buffer.alloc(16) }],
      ];
      const seen = new Set<string>();
      for (const [key, operation, name, inputs] of attempts) {
        assert.throws(
          () => operate(key, operation, name, inputs),
          (error: unknown) => {
            assert.ok(error instanceof CryptoError, `${name} ${error}`);
            seen.add(`${error.code} ${error.message}`);
            return true;
          },
          name,
        );
      }
      assert.equal(seen.size, 1, [...seen].join('\n'));
      // And the key works on as if nothing had been.
      const again = operate(oct, 'decrypt', 'A256GCM', { input: gcm.output, iv: gcm.iv, proof: gcm.tag });
      assert.equal(again.output.length, 20);
      rsa[Symbol.dispose]();
      oct[Symbol.dispose]();
    });

    test('RSA1_5 answers a forged ciphertext with random bytes, the same each time', async () => {
      const { key } = await engine.generate({ kty: 'RSA-HSM', size: 2048, publicExponent: 65537 });
      const forged = Buffer.alloc(256, 7);
      const first = operate(key, 'decrypt', 'RSA1_5', { input: forged }).output;
      assert.deepEqual(operate(key, 'decrypt', 'RSA1_5', { input: forged }).output, first);
      key[Symbol.dispose]();
    });

    test('an input of a wrong size is refused by name', async () => {
      const { key: rsa } = await engine.generate({ kty: 'RSA-HSM', size: 2048, publicExponent: 65537 });
      const { key: ec } = await engine.generate({ kty: 'EC-HSM', curve: 'P-256' });
      const { key: oct } = await engine.generate({ kty: 'oct-HSM', size: 128 });
      const attempts: [EngineKey, Operation, string, Partial<OperationInputs>, RegExp][] = [
        [rsa, 'sign', 'RS256', { input: randomBytes(31) }, /^value:.*32/],
        [rsa, 'verify', 'PS384', { input: randomBytes(32), proof: randomBytes(256) }, /^digest:.*48/],
        [rsa, 'sign', 'RSNULL', { input: randomBytes(246) }, /^value:.*245/],
        [rsa, 'sign', 'RSNULL', {}, /^value/],
        [rsa, 'encrypt', 'RSA-OAEP-256', { input: randomBytes(191) }, /^value:.*190/],
        [rsa, 'encrypt', 'RSA-OAEP', { input: randomBytes(215) }, /^value:.*214/],
        [rsa, 'wrapKey', 'RSA1_5', { input: randomBytes(246) }, /^value:.*245/],
        [ec, 'sign', 'ES256', { input: randomBytes(48) }, /^value:.*32/],
        [oct, 'encrypt', 'A128GCM', { input: randomBytes(4), iv: randomBytes(12) }, /^iv/],
        [oct, 'decrypt', 'A128GCM', { input: randomBytes(4), iv: randomBytes(16), proof: randomBytes(16) }, /^iv/],
        [oct, 'decrypt', 'A128GCM', { input: randomBytes(4), iv: randomBytes(12), proof: randomBytes(12) }, /^tag/],
        [oct, 'encrypt', 'A128CBC', { input: randomBytes(16) }, /^iv/],
        [oct, 'encrypt', 'A128CBC', { input: randomBytes(15), iv: randomBytes(16) }, /^value/],
        [oct, 'wrapKey', 'A128KW', { input: randomBytes(8) }, /^value/],
        [oct, 'wrapKey', 'A128KW', { input: randomBytes(20) }, /^value/],
        [oct, 'wrapKey', 'CKM_AES_KEY_WRAP_PAD', {}, /^value/],
        [oct, 'sign', 'HS256', {}, /^value/],
      ];
      for (const [key, operation, name, inputs, message] of attempts) {
        assert.throws(() => operate(key, operation, name, inputs), { code: 'BadRequest', message }, name);
      }
      for (const key of [rsa, ec, oct]) key[Symbol.dispose]();
    });

    test('no GCM nonce comes twice', async () => {
      const { key } = await engine.generate({ kty: 'oct-HSM', size: 256 });
      const nonces = new Set<string>();
      for (let i = 0; i < 5000; i++) {
        nonces.add(Buffer.from(operate(key, 'encrypt', 'A256GCM', { input: NONE }).iv).toString('hex'));
      }
      assert.equal(nonces.size, 5000);
      key[Symbol.dispose]();
    });

    test('the public half of an EC key is the one that other software finds in its material', async () => {
      for (const spec of keySpecs) {
        if (spec.kty !== 'EC-HSM') continue;
        // One in 128 has a coordinate that begins with a zero byte.
        for (let made = 0; made < 100; made += 1) {
          const { key, material } = await engine.generate(spec);
          const pkcs8 = createPrivateKey({ key: material, format: 'der', type: 'pkcs8' });
          assert.ok(keyObject(key.publicKey).equals(createPublicKey(pkcs8)), spec.curve);
          key[Symbol.dispose]();
        }
      }
    });

    test('material of another type, cut or lengthened is refused', async () => {
      const { key: ec, material } = await engine.generate({ kty: 'EC-HSM', curve: 'P-256' });
      ec[Symbol.dispose]();
      const refused = { code: 'KeyRefused' };
      assert.throws(() => engine.open('RSA-HSM', material), refused);
      assert.throws(() => engine.open('oct-HSM', material), refused);
      assert.throws(() => engine.open('EC-HSM', material.subarray(1)), refused);
      assert.throws(() => engine.open('EC-HSM', Buffer.concat([material, Buffer.of(0)])), refused);
      assert.throws(() => engine.open('EC-HSM', NONE), refused);
      assert.throws(() => engine.open('AKP-HSM', material), refused);
      assert.throws(() => engine.open('AKP-HSM', randomBytes(32)), refused);
      assert.throws(() => engine.open('oct-HSM', randomBytes(17)), refused);
    });

    test('a key that was disposed of does nothing more', async () => {
      for (const [spec, name] of [
        [{ kty: 'EC-HSM', curve: 'P-256' }, 'ES256'],
        [{ kty: 'oct-HSM', size: 256 }, 'HS256'],
        [{ kty: 'AKP-HSM', alg: 'ML-DSA-44' }, 'ML-DSA-44'],
      ] as const) {
        const { key } = await engine.generate(spec);
        operate(key, 'sign', name, { input: randomBytes(32) });
        key[Symbol.dispose]();
        key[Symbol.dispose]();
        assert.throws(() => operate(key, 'sign', name, { input: randomBytes(32) }));
      }
    });
  });
}

export function operate(
  key: EngineKey,
  operation: Operation,
  name: string,
  inputs: Partial<OperationInputs>,
): ReturnType<EngineKey['operate']> {
  const algorithm = algorithms.get(name);
  assert.ok(algorithm !== undefined, name);
  return key.operate(operation, algorithm, { input: NONE, proof: NONE, iv: NONE, aad: NONE, ...inputs });
}

function fits({ scheme }: Algorithm, spec: KeySpec): boolean {
  if (scheme.kind === 'ml-dsa') return spec.kty === 'AKP-HSM' && spec.alg === scheme.parameterSet;
  if (scheme.kind === 'ecdsa') return spec.kty === 'EC-HSM' && spec.curve === scheme.curve;
  if ('keyBits' in scheme) return scheme.keyBits === 0 || (spec.kty === 'oct-HSM' && spec.size === scheme.keyBits);
  return true;
}

function refusesAlgorithm(key: EngineKey, algorithm: Algorithm): void {
  const operation = algorithm.operations[0] as (typeof algorithm.operations)[number];
  const input = randomBytes(algorithm.digestLength ?? 32);
  assert.throws(() => operate(key, operation, algorithm.name, { input }), { code: 'AlgorithmNotSupported' });
}

function signsAndVerifies(key: EngineKey, reopened: EngineKey, { name, digestLength = 32 }: Algorithm): void {
  const input = randomBytes(digestLength);
  const { output } = operate(key, 'sign', name, { input });
  const answers = [
    [input, output, 1],
    [flip(input), output, 0],
    [input, flip(output), 0],
    [input, output.subarray(1), 0],
    [input, NONE, 0],
    [input, Buffer.alloc(output.length), 0],
  ] as const;
  for (const [digest, proof, answer] of answers) {
    assert.deepEqual([...operate(reopened, 'verify', name, { input: digest, proof }).output], [answer], name);
  }
}

function encryptsAndDecrypts(key: EngineKey, reopened: EngineKey, { name, scheme, operations: may }: Algorithm): void {
  const [there, back] = may as readonly ['encrypt' | 'wrapKey', 'decrypt' | 'unwrapKey'];
  const iv = scheme.kind.startsWith('aes-cbc') ? randomBytes(16) : NONE;
  const aad = scheme.kind === 'aes-gcm' ? randomBytes(9) : NONE;
  for (const length of [16, 32, 48, 128]) {
    const input = randomBytes(length);
    const sealed = operate(key, there, name, { input, iv, aad });
    const given = { input: sealed.output, iv: scheme.kind === 'aes-gcm' ? sealed.iv : iv, aad, proof: sealed.tag };
    assert.deepEqual(Buffer.from(operate(reopened, back, name, given).output), input, name);
  }
}

function flip(bytes: Uint8Array): Buffer {
  const flipped = Buffer.from(bytes);
  flipped[0] = (flipped[0] as number) ^ 1;
  return flipped;
}

function createHashOf(hash: string, message: Buffer): Buffer {
  return hashOf(hash, message, 'buffer');
}

function keyObject(publicKey: PublicKey): ReturnType<typeof createPublicKey> {
  const kty = publicKey.kty.replace('-HSM', '');
  const crv = publicKey.kty === 'EC-HSM' && publicKey.crv === 'P-256K' ? { crv: 'secp256k1' } : {};
  return createPublicKey({ key: { ...publicKey, ...crv, kty }, format: 'jwk' });
}
