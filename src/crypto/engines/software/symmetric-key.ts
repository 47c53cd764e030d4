// AES and HMAC keys. AES runs in libcrypto with the key schedule kept per cipher and direction; HMAC in node:crypto.
import { createHmac, createSecretKey, type KeyObject, randomFillSync, timingSafeEqual } from 'node:crypto';
import type { Algorithm, Operation } from '../../../formats/algorithms.ts';
import { badRequest, CryptoError, type PublicKey } from '../../protocol/messages.ts';
import type { EngineKey, OperationInputs, OperationResult } from '../engine.ts';
import type { CipherContext, Libcrypto } from './libcrypto.ts';
import { answer, decryptionFailed, NO, unsupported, YES } from './results.ts';

type AesKind = 'aes-gcm' | 'aes-cbc' | 'aes-cbc-pad' | 'aes-kw' | 'aes-kwp';
type Direction = 'encrypt' | 'decrypt';

interface Cipher {
  readonly suffix: string;
  readonly ivLength: number;
  readonly padding: boolean;
  readonly slot: number;
  /** Unit and least number of bytes (RFC 3394 §2.2, RFC 5649 §4, SP 800-38A). */
  readonly plaintext: readonly [unit: number, least: number];
  readonly ciphertext: readonly [unit: number, least: number];
}

const CIPHERS: Readonly<Record<AesKind, Cipher>> = {
  'aes-gcm': { suffix: 'GCM', ivLength: 12, padding: false, slot: 0, plaintext: [1, 0], ciphertext: [1, 0] },
  'aes-cbc': { suffix: 'CBC', ivLength: 16, padding: false, slot: 2, plaintext: [16, 16], ciphertext: [16, 16] },
  'aes-cbc-pad': { suffix: 'CBC', ivLength: 16, padding: true, slot: 4, plaintext: [1, 0], ciphertext: [16, 16] },
  'aes-kw': { suffix: 'WRAP', ivLength: 0, padding: false, slot: 6, plaintext: [8, 16], ciphertext: [8, 24] },
  'aes-kwp': { suffix: 'WRAP-PAD', ivLength: 0, padding: false, slot: 8, plaintext: [1, 1], ciphertext: [8, 16] },
};

export class SymmetricKey implements EngineKey {
  readonly kty = 'oct-HSM';
  readonly publicKey: PublicKey;
  readonly #library: Libcrypto;
  readonly #key: Buffer;
  readonly #contexts: (CipherContext | undefined)[] = [];
  #hmacKey: KeyObject | undefined;
  #disposed = false;

  /** Copies the key bytes. @throws CryptoError KeyRefused */
  constructor(library: Libcrypto, key: Uint8Array) {
    if (key.length !== 16 && key.length !== 24 && key.length !== 32) {
      throw new CryptoError('KeyRefused', 'the key is not of the type that its blob names');
    }
    this.#library = library;
    this.#key = Buffer.alloc(key.length);
    this.#key.set(key);
    this.publicKey = { kty: 'oct-HSM', size: key.length * 8 };
  }

  operate(operation: Operation, algorithm: Algorithm, inputs: OperationInputs): OperationResult {
    const { scheme } = algorithm;
    if (this.#disposed) throw new CryptoError('Internal', 'the key was freed');
    if (scheme.kind === 'hmac') return this.#hmac(operation, algorithm, scheme.hash, inputs);
    if (!isAes(scheme.kind) || !('keyBits' in scheme)) throw unsupported(algorithm);
    if (scheme.keyBits !== 0 && scheme.keyBits !== this.#key.length * 8) throw unsupported(algorithm);
    const direction = operation === 'encrypt' || operation === 'wrapKey' ? 'encrypt' : 'decrypt';
    const context = this.#context(scheme.kind, direction);
    if (scheme.kind === 'aes-gcm') {
      return direction === 'encrypt' ? this.#encryptGcm(context, inputs) : this.#decryptGcm(context, inputs);
    }
    checkForm(algorithm.name, scheme.kind, direction, inputs);
    return this.#whole(context, inputs, scheme.kind);
  }

  [Symbol.dispose](): void {
    this.#disposed = true;
    for (const context of this.#contexts) if (context !== undefined) this.#library.freeCipher(context);
    this.#contexts.length = 0;
    this.#hmacKey = undefined;
    this.#key.fill(0);
  }

  #context(kind: AesKind, direction: Direction): CipherContext {
    const cipher = CIPHERS[kind];
    const slot = cipher.slot + (direction === 'encrypt' ? 0 : 1);
    const open = this.#contexts[slot];
    if (open !== undefined) return open;
    const name = `AES-${this.#key.length * 8}-${cipher.suffix}`;
    const context = this.#library.openCipher(name, direction, this.#key, cipher);
    this.#contexts[slot] = context;
    return context;
  }

  /** The iv is always ours and random: at most 2³² messages under one key (NIST SP 800-38D §8.3). */
  #encryptGcm(context: CipherContext, { input, iv: given, aad }: OperationInputs): OperationResult {
    if (given.length !== 0) throw badRequest('iv', 'the service makes it for AES-GCM');
    const iv = nextNonce();
    const out = Buffer.allocUnsafe(input.length + 48);
    this.#library.startMessage(context, iv);
    if (aad.length !== 0) this.#library.addAad(context, aad);
    const length = input.length === 0 ? 0 : this.#library.update(context, input, out.subarray(0, input.length + 32));
    const tag = out.subarray(input.length + 32);
    this.#library.finish(context, tag);
    this.#library.readTag(context, tag);
    return answer(out.subarray(0, length), iv, tag);
  }

  #decryptGcm(context: CipherContext, { input, proof, iv, aad }: OperationInputs): OperationResult {
    if (iv.length !== 12) throw badRequest('iv', 'AES-GCM takes 12 bytes');
    if (proof.length !== 16) throw badRequest('tag', 'AES-GCM takes 16 bytes');
    const out = Buffer.allocUnsafe(input.length + 32);
    try {
      this.#library.startMessage(context, iv);
      if (aad.length !== 0) this.#library.addAad(context, aad);
      const length = input.length === 0 ? 0 : this.#library.update(context, input, out);
      this.#library.expectTag(context, proof);
      this.#library.finish(context, out.subarray(input.length));
      return answer(out.subarray(0, length));
    } catch {
      out.fill(0);
      throw decryptionFailed();
    }
  }

  /** CBC, key wrap: the whole message at once. */
  #whole(context: CipherContext, { input, iv }: OperationInputs, kind: AesKind): OperationResult {
    const out = Buffer.alloc(input.length + 48);
    try {
      this.#library.startMessage(context, context.ivLength === 0 ? null : iv);
      let length = input.length === 0 ? 0 : this.#library.update(context, input, out);
      // Key wrap is complete after the one update; only CBC has a last block.
      if (kind === 'aes-cbc' || kind === 'aes-cbc-pad') length += this.#library.finish(context, out.subarray(length));
      if (context.direction === 'decrypt' && kind === 'aes-kwp' && length === 0) throw decryptionFailed();
      return answer(out.subarray(0, length));
    } catch (error) {
      out.fill(0);
      if (context.direction === 'decrypt') throw decryptionFailed();
      throw error;
    }
  }

  #hmac(operation: Operation, algorithm: Algorithm, hash: string, { input, proof }: OperationInputs): OperationResult {
    if (input.length === 0) {
      throw new CryptoError(
        'BadRequest',
        `${operation === 'sign' ? 'value' : 'digest'}: ${algorithm.name} takes 1 byte or more`,
      );
    }
    this.#hmacKey ??= createSecretKey(this.#key);
    const mac = createHmac(hash, this.#hmacKey).update(input).digest();
    if (operation === 'sign') return answer(mac);
    return proof.length === mac.length && timingSafeEqual(proof, mac) ? YES : NO;
  }
}

function isAes(kind: string): kind is AesKind {
  return Object.hasOwn(CIPHERS, kind);
}

function checkForm(name: string, kind: AesKind, direction: Direction, { input, iv }: OperationInputs): void {
  const { ivLength, plaintext, ciphertext } = CIPHERS[kind];
  if (iv.length !== ivLength) {
    throw new CryptoError('BadRequest', ivLength === 0 ? `iv: ${name} takes none` : `iv: ${name} takes 16 bytes`);
  }
  const [unit, least] = direction === 'encrypt' ? plaintext : ciphertext;
  if (input.length % unit === 0 && input.length >= least) return;
  if (direction === 'decrypt') throw decryptionFailed();
  throw badRequest('value', `${name} takes a multiple of ${unit} bytes, ${least} or more`);
}

const NONCE_BYTES = 12;
/** Random 96-bit nonces, drawn from the system in batches: one draw for each would cost more than AES-GCM itself. */
const nonces = Buffer.alloc(NONCE_BYTES * 512);
let used = nonces.length;

function nextNonce(): Buffer {
  if (used === nonces.length) {
    randomFillSync(nonces);
    used = 0;
  }
  const nonce = Buffer.from(nonces.subarray(used, used + NONCE_BYTES));
  used += NONCE_BYTES;
  return nonce;
}
