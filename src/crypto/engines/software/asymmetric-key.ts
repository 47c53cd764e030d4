// RSA and EC keys over libcrypto: which padding and hash each algorithm means, and which inputs it takes. Contexts are
// kept per algorithm and direction, as making one costs a tenth of an RSA operation and a third of a P-256 one.
import { createPublicKey } from 'node:crypto';
import { type Algorithm, curves, type Operation } from '../../../formats/algorithms.ts';
import { toBase64url } from '../../../formats/base64url.ts';
import { ecdsaFromDer, ecdsaToDer } from '../../../formats/der.ts';
import { decodePkcs8, type PrivateNumbers } from '../../../formats/pkcs8.ts';
import { badRequest, CryptoError, type PublicKey } from '../../protocol/messages.ts';
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

  /**
   * Takes the handle over: disposing of this frees it.
   * @param material PKCS#8 of the same key, if at hand @throws CryptoError KeyRefused @throws DerError
   */
  constructor(library: Libcrypto, pkey: Pkey, kty: 'RSA-HSM' | 'EC-HSM', material?: Uint8Array) {
    this.#library = library;
    this.#pkey = pkey;
    this.kty = kty;
    const written = kty === 'EC-HSM' && material !== undefined ? describeEc(decodePkcs8(material)) : undefined;
    const { publicKey, width } = written ?? describe(library.writePublicKey(pkey), kty);
    this.publicKey = publicKey;
    this.#width = width;
  }

  operate(operation: Operation, algorithm: Algorithm, inputs: OperationInputs): OperationResult {
    const { scheme } = algorithm;
    const curve = this.publicKey.kty === 'EC-HSM' ? this.publicKey.crv : undefined;
    switch (scheme.kind) {
      case 'rsa-encryption':
        if (curve !== undefined) throw unsupported(algorithm);
        return operation === 'encrypt' || operation === 'wrapKey'
          ? this.#encrypt(algorithm, inputs.input)
          : this.#decrypt(algorithm, inputs.input);
      case 'rsa-signature':
      case 'ecdsa':
        if (curve !== (scheme.kind === 'ecdsa' ? scheme.curve : undefined)) throw unsupported(algorithm);
        return operation === 'sign' ? this.#sign(algorithm, inputs.input) : this.#verify(algorithm, inputs);
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
      throw badRequest('value', `${algorithm.name} takes at most ${most} bytes with this key`);
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

  #sign(algorithm: Algorithm, digest: Uint8Array): OperationResult {
    this.#checkDigest(algorithm, digest, 'value');
    const out = Buffer.alloc(this.#isEc ? 2 * this.#width + 16 : this.#width);
    const signature = out.subarray(0, this.#library.run(this.#context('sign', algorithm), digest, out));
    return answer(this.#isEc ? ecdsaFromDer(signature, this.#width) : signature);
  }

  #verify(algorithm: Algorithm, { input, proof }: OperationInputs): OperationResult {
    this.#checkDigest(algorithm, input, 'digest');
    if (proof.length !== (this.#isEc ? 2 : 1) * this.#width) return NO;
    const signature = this.#isEc ? ecdsaToDer(proof) : proof;
    return this.#library.verify(this.#context('verify', algorithm), signature, input) ? YES : NO;
  }

  get #isEc(): boolean {
    return this.kty === 'EC-HSM';
  }

  #checkDigest(algorithm: Algorithm, digest: Uint8Array, field: string): void {
    const wanted = algorithm.digestLength;
    const most = this.#width - 11;
    if (wanted === undefined ? digest.length > 0 && digest.length <= most : digest.length === wanted) return;
    const rule = wanted === undefined ? `1 to ${most} bytes` : `a digest of ${wanted} bytes`;
    throw new CryptoError('BadRequest', `${field}: ${algorithm.name} takes ${rule}, not ${digest.length}`);
  }
}

const RUNS: readonly PkeyRun[] = ['sign', 'verify', 'encrypt', 'decrypt'];

function settingsOf({ scheme }: Algorithm): Settings {
  switch (scheme.kind) {
    case 'rsa-encryption': {
      const hash = scheme.hash ?? 'sha1';
      if (scheme.padding === 'pkcs1') return [['rsa_padding_mode', 'pkcs1']];
      return Object.entries({ rsa_padding_mode: 'oaep', rsa_oaep_md: hash, rsa_mgf1_md: hash });
    }
    case 'rsa-signature': {
      const hash = scheme.hash ?? 'sha256';
      if (scheme.padding === 'raw-pkcs1') return [['rsa_padding_mode', 'pkcs1']];
      if (scheme.padding === 'pkcs1') return Object.entries({ rsa_padding_mode: 'pkcs1', digest: hash });
      const pss = { rsa_padding_mode: 'pss', digest: hash, rsa_mgf1_md: hash, rsa_pss_saltlen: 'digest' };
      return Object.entries(pss);
    }
    default:
      return [];
  }
}

/** Bytes that the padding takes (RFC 8017 §7.1.1, §7.2.1). */
function overheadOf({ scheme }: Algorithm): number {
  if (scheme.kind !== 'rsa-encryption' || scheme.padding === 'pkcs1') return 11;
  return scheme.hash === 'sha256' ? 66 : 42;
}

const JWK_CURVES = new Map([['secp256k1', 'P-256K']]);

/** The library's encoders and decoders take thirty times as long to say the same. */
function describeEc(numbers: PrivateNumbers): { publicKey: PublicKey; width: number } | undefined {
  if (numbers.kty !== 'EC' || numbers.ec.point.length === 0) return undefined;
  const { crv, point } = numbers.ec;
  const width = (point.length - 1) / 2;
  const [x, y] = [point.subarray(1, 1 + width), point.subarray(1 + width)].map(toBase64url) as [string, string];
  return { publicKey: { kty: 'EC-HSM', crv, x, y }, width };
}

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
