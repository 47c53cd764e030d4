// ML-DSA keys (FIPS 204) over libcrypto. Signing is hedged (§3.4): two signatures of one message differ. Only the seed is
// kept; libcrypto makes the rest of the key of it.
import type { Algorithm, Operation } from '../../../formats/algorithms.ts';
import { toBase64url } from '../../../formats/base64url.ts';
import { DerError } from '../../../formats/der.ts';
import {
  decodeMlDsaPublicKey,
  ML_DSA_MAX_CONTEXT,
  ML_DSA_MU_BYTES,
  type MlDsaSet,
  mlDsaSets,
} from '../../../formats/ml-dsa.ts';
import { badRequest, CryptoError, EXTERNAL_MU, type PublicKey } from '../../protocol/messages.ts';
import type { EngineKey, OperationInputs, OperationResult } from '../engine.ts';
import type { Libcrypto, Pkey, PkeyContext } from './libcrypto.ts';
import { answer, NO, unsupported, YES } from './results.ts';

type Run = 'sign' | 'verify';

/** @throws CryptoError AlgorithmNotSupported where the library is too old */
export function requireMlDsa(library: Libcrypto): void {
  if (library.hasMlDsa) return;
  throw new CryptoError(
    'AlgorithmNotSupported',
    `alg: ML-DSA needs OpenSSL 3.5 or newer; this module has ${library.version}`,
  );
}

export class MlDsaKey implements EngineKey {
  readonly kty = 'AKP-HSM';
  readonly publicKey: Extract<PublicKey, { kty: 'AKP-HSM' }>;
  readonly #library: Libcrypto;
  readonly #pkey: Pkey;
  readonly #set: MlDsaSet;
  /** Those without a context string, which is most; by operation and by whether the input is an external mu. */
  readonly #contexts = new Map<string, PkeyContext>();

  /** Takes the handle over: disposing of this frees it. @throws CryptoError KeyRefused */
  constructor(library: Libcrypto, pkey: Pkey) {
    this.#library = library;
    this.#pkey = pkey;
    const { publicKey, set } = describe(library.writePublicKey(pkey));
    this.publicKey = publicKey;
    this.#set = set;
  }

  operate(operation: Operation, algorithm: Algorithm, { input, proof, iv, aad }: OperationInputs): OperationResult {
    const { scheme } = algorithm;
    if (scheme.kind !== 'ml-dsa' || scheme.parameterSet !== this.publicKey.alg) throw unsupported(algorithm);
    const external = isExternalMu(iv);
    checkInputs(input, aad, external);
    if (operation === 'sign') {
      const out = Buffer.alloc(this.#set.signatureBytes);
      return this.#with('sign', external, aad, (context) =>
        answer(out.subarray(0, this.#library.run(context, input, out))),
      );
    }
    if (proof.length !== this.#set.signatureBytes) return NO;
    return this.#with('verify', external, aad, (context) => (this.#library.verify(context, proof, input) ? YES : NO));
  }

  [Symbol.dispose](): void {
    for (const context of this.#contexts.values()) this.#library.freeContext(context);
    this.#contexts.clear();
    this.#library.freeKey(this.#pkey);
  }

  #with<T>(run: Run, external: boolean, aad: Uint8Array, use: (context: PkeyContext) => T): T {
    if (aad.length > 0) {
      const context = this.#open(run, [['hexcontext-string', Buffer.from(aad).toString('hex')]]);
      try {
        return use(context);
      } finally {
        this.#library.freeContext(context);
      }
    }
    const slot = `${run} ${external}`;
    let context = this.#contexts.get(slot);
    if (context === undefined) {
      context = this.#open(run, external ? [['mu', '1']] : []);
      this.#contexts.set(slot, context);
    }
    return use(context);
  }

  #open(run: Run, settings: readonly (readonly [string, string])[]): PkeyContext {
    return this.#library.openMessageContext(this.#pkey, run, this.publicKey.alg, settings);
  }
}

function isExternalMu(iv: Uint8Array): boolean {
  if (iv.length === 0) return false;
  if (iv.length === 1 && iv[0] === EXTERNAL_MU) return true;
  throw badRequest('iv', 'ML-DSA takes none');
}

function checkInputs(input: Uint8Array, aad: Uint8Array, external: boolean): void {
  if (aad.length > ML_DSA_MAX_CONTEXT) {
    throw badRequest('context', `ML-DSA takes at most ${ML_DSA_MAX_CONTEXT} bytes, not ${aad.length}`);
  }
  if (!external) return;
  if (aad.length > 0) throw badRequest('context', 'is part of external_mu already');
  if (input.length !== ML_DSA_MU_BYTES) {
    throw badRequest('external_mu', `takes ${ML_DSA_MU_BYTES} bytes, not ${input.length}`);
  }
}

function describe(spki: Uint8Array): { publicKey: Extract<PublicKey, { kty: 'AKP-HSM' }>; set: MlDsaSet } {
  try {
    const { alg, pub } = decodeMlDsaPublicKey(spki);
    return { publicKey: { kty: 'AKP-HSM', alg, pub: toBase64url(pub) }, set: mlDsaSets.get(alg) as MlDsaSet };
  } catch (error) {
    if (!(error instanceof DerError)) throw error;
    throw new CryptoError('KeyRefused', 'the key is not of the type that its blob names');
  }
}
