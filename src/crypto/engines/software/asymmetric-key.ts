// RSA and EC keys over libcrypto: which padding and hash each algorithm means, and which inputs it takes. Contexts are
// kept per algorithm and direction, as making one costs a tenth of an RSA operation and a third of a P-256 one.
import { createPublicKey } from 'node:crypto';
import { type Algorithm, curves, type Operation } from '../../../formats/algorithms.ts';
import { ecdsaFromDer, ecdsaToDer } from '../../../formats/der.ts';
import { CryptoError, type PublicKey } from '../../protocol/messages.ts';
import type { EngineKey, OperationInputs, OperationResult } from '../engine.ts';
import type { Libcrypto, Pkey, PkeyContext, PkeyRun, Settings } from './libcrypto.ts';
import { answer, decryptionFailed, NO, unsupported, YES } from './results.ts';

export class AsymmetricKey implements EngineKey {
  readonly kty: 'RSA-HSM' | 'EC-HSM';
  readonly publicKey: PublicKey;
  readonly #library: Libcrypto;
  readonly #pkey: Pkey;
  readonly #contexts = new Map<number, PkeyContext>();
  /** Modulus or field bytes. */
  readonly #width: number;

  /** Takes the handle over: disposing of this frees it. @throws CryptoError KeyRefused */
  constructor(library: Libcrypto, pkey: Pkey, kty: 'RSA-HSM' | 'EC-HSM') {
    this.#library = library;
    this.#pkey = pkey;
    this.kty = kty;
    const { publicKey, width } = describe(library.writePublicKey(pkey), kty);
    this.publicKey = publicKey;
    this.#width = width;
  }

  operate(operation: Operation, algorithm: Algorithm, inputs: OperationInputs): OperationResult {
    const { scheme } = algorithm;
    switch (scheme.kind) {
      case 'rsa-encryption':
        if (this.publicKey.kty !== 'RSA-HSM') throw unsupported(algorithm);
        return operation === 'encrypt' || operation === 'wrapKey'
          ? this.#encrypt(algorithm, inputs.input)
          : this.#decrypt(algorithm, inputs.input);
      case 'rsa-signature':
        if (this.publicKey.kty !== 'RSA-HSM') throw unsupported(algorithm);
        return operation === 'sign' ? this.#signRsa(algorithm, inputs.input) : this.#verifyRsa(algorithm, inputs);
      case 'ecdsa':
        if (this.publicKey.kty !== 'EC-HSM' || this.publicKey.crv !== scheme.curve) throw unsupported(algorithm);
        return operation === 'sign' ? this.#signEcdsa(algorithm, inputs.input) : this.#verifyEcdsa(algorithm, inputs);
      default:
        throw unsupported(algorithm);
    }
  }

  [Symbol.dispose](): void {
    for (const context of this.#contexts.values()) this.#library.freeContext(context);
    this.#contexts.clear();
    this.#library.freeKey(this.#pkey);
  }

  #context(run: PkeyRun, algorithm: Algorithm): PkeyContext {
    const slot = algorithm.code * RUNS.length + RUNS.indexOf(run);
    let context = this.#contexts.get(slot);
    if (context === undefined) {
      context = this.#library.openContext(this.#pkey, run, settingsOf(algorithm));
      this.#contexts.set(slot, context);
    }
    return context;
  }

  #encrypt(algorithm: Algorithm, input: Uint8Array): OperationResult {
    const most = this.#width - overheadOf(algorithm);
    if (input.length > most) {
      throw new CryptoError('BadRequest', `value: ${algorithm.name} takes at most ${most} bytes with this key`);
    }
    const out = Buffer.alloc(this.#width);
    return answer(out.subarray(0, this.#library.run(this.#context('encrypt', algorithm), input, out)));
  }

  #decrypt(algorithm: Algorithm, input: Uint8Array): OperationResult {
    if (input.length !== this.#width) throw decryptionFailed();
    const context = this.#context('decrypt', algorithm);
    const out = Buffer.alloc(this.#width);
    try {
      return answer(out.subarray(0, this.#library.run(context, input, out)));
    } catch {
      out.fill(0);
      throw decryptionFailed();
    }
  }

  #signRsa(algorithm: Algorithm, digest: Uint8Array): OperationResult {
    checkDigest(algorithm, digest, 'value', this.#width - 11);
    const out = Buffer.alloc(this.#width);
    return answer(out.subarray(0, this.#library.run(this.#context('sign', algorithm), digest, out)));
  }

  #verifyRsa(algorithm: Algorithm, { input, proof }: OperationInputs): OperationResult {
    checkDigest(algorithm, input, 'digest', this.#width - 11);
    if (proof.length !== this.#width) return NO;
    return this.#library.verify(this.#context('verify', algorithm), proof, input) ? YES : NO;
  }

  #signEcdsa(algorithm: Algorithm, digest: Uint8Array): OperationResult {
    checkDigest(algorithm, digest, 'value', 0);
    const out = Buffer.alloc(2 * this.#width + 16);
    const length = this.#library.run(this.#context('sign', algorithm), digest, out);
    return answer(ecdsaFromDer(out.subarray(0, length), this.#width));
  }

  #verifyEcdsa(algorithm: Algorithm, { input, proof }: OperationInputs): OperationResult {
    checkDigest(algorithm, input, 'digest', 0);
    if (proof.length !== 2 * this.#width) return NO;
    return this.#library.verify(this.#context('verify', algorithm), ecdsaToDer(proof), input) ? YES : NO;
  }
}

const RUNS: readonly PkeyRun[] = ['sign', 'verify', 'encrypt', 'decrypt'];

function settingsOf({ scheme }: Algorithm): Settings {
  switch (scheme.kind) {
    case 'rsa-encryption':
      return scheme.padding === 'pkcs1'
        ? [['rsa_padding_mode', 'pkcs1']]
        : [
            ['rsa_padding_mode', 'oaep'],
            ['rsa_oaep_md', scheme.hash ?? 'sha1'],
            ['rsa_mgf1_md', scheme.hash ?? 'sha1'],
          ];
    case 'rsa-signature':
      if (scheme.padding === 'raw-pkcs1') return [['rsa_padding_mode', 'pkcs1']];
      if (scheme.padding === 'pkcs1') {
        return [
          ['rsa_padding_mode', 'pkcs1'],
          ['digest', scheme.hash ?? 'sha256'],
        ];
      }
      return [
        ['rsa_padding_mode', 'pss'],
        ['digest', scheme.hash ?? 'sha256'],
        ['rsa_mgf1_md', scheme.hash ?? 'sha256'],
        ['rsa_pss_saltlen', 'digest'],
      ];
    default:
      return [];
  }
}

/** Bytes that the padding takes (RFC 8017 §7.1.1, §7.2.1). */
function overheadOf({ scheme }: Algorithm): number {
  if (scheme.kind !== 'rsa-encryption' || scheme.padding === 'pkcs1') return 11;
  return scheme.hash === 'sha256' ? 66 : 42;
}

function checkDigest(algorithm: Algorithm, digest: Uint8Array, field: string, most: number): void {
  const wanted = algorithm.digestLength;
  if (wanted === undefined ? digest.length === 0 || digest.length > most : digest.length !== wanted) {
    const rule = wanted === undefined ? `1 to ${most} bytes` : `a digest of ${wanted} bytes`;
    throw new CryptoError('BadRequest', `${field}: ${algorithm.name} takes ${rule}, not ${digest.length}`);
  }
}

const JWK_CURVES = new Map([['secp256k1', 'P-256K']]);

function describe(spki: Buffer, kty: 'RSA-HSM' | 'EC-HSM'): { publicKey: PublicKey; width: number } {
  const jwk = createPublicKey({ key: spki, format: 'der', type: 'spki' }).export({ format: 'jwk' });
  if (kty === 'RSA-HSM' && jwk.kty === 'RSA' && jwk.n !== undefined && jwk.e !== undefined) {
    const width = Buffer.from(jwk.n, 'base64url').length;
    if (width >= 256 && width <= 512) return { publicKey: { kty, n: jwk.n, e: jwk.e }, width };
  }
  if (kty === 'EC-HSM' && jwk.kty === 'EC' && jwk.x !== undefined && jwk.y !== undefined) {
    const crv = JWK_CURVES.get(jwk.crv ?? '') ?? jwk.crv ?? '';
    const curve = curves.get(crv);
    if (curve !== undefined) return { publicKey: { kty, crv, x: jwk.x, y: jwk.y }, width: curve.bytes };
  }
  throw new CryptoError('KeyRefused', 'the key is not of the type that its blob names');
}
