// What a module needs of the place where keys work. An engine makes, opens and uses keys; it stores nothing and asks
// nobody who may. Behaviour is fixed by `engine.contract.ts`.
import type { Algorithm, Operation } from '../../formats/algorithms.ts';
import type { KeyBinding, PublicKey, ReplyOf, RequestOf } from '../protocol/messages.ts';

export type KeyType = KeyBinding['kty'];

export type KeySpec =
  | { readonly kty: 'RSA-HSM'; readonly size: number; readonly publicExponent: number }
  | { readonly kty: 'EC-HSM'; readonly curve: string }
  | { readonly kty: 'oct-HSM'; readonly size: number }
  | { readonly kty: 'AKP-HSM'; readonly alg: string };

/** Unused ones are empty. */
export type OperationInputs = Pick<RequestOf<'operate'>, 'input' | 'proof' | 'iv' | 'aad'>;
export type OperationResult = ReplyOf<'operate'>;

const NONE = new Uint8Array(0);

/** Of an operation that takes nothing else. */
export function inputAlone(input: Uint8Array): OperationInputs {
  return { input, proof: NONE, iv: NONE, aad: NONE };
}

/** A key ready for use. Disposing frees and overwrites what it holds; using it afterwards throws. */
export interface EngineKey extends Disposable {
  readonly kty: KeyType;
  readonly publicKey: PublicKey;
  /**
   * One operation, complete when it returns.
   * @throws CryptoError AlgorithmNotSupported, BadRequest, or CryptoFailed with one text for every failed decryption
   */
  operate(operation: Operation, algorithm: Algorithm, inputs: OperationInputs): OperationResult;
}

export interface Generated {
  readonly key: EngineKey;
  readonly material: Buffer;
}

export interface Engine {
  readonly name: string;
  /** The library and its version, for people. */
  readonly library: string;
  /**
   * A new key and the bytes from which `open` makes it again; the caller overwrites them. A promise of what takes long, which then
   * keeps nobody waiting.
   * @throws CryptoError AlgorithmNotSupported for what the engine's library does not have, as `open` does
   */
  generate(spec: KeySpec): Generated | Promise<Generated>;
  /** @throws CryptoError KeyRefused when the bytes are no key of that type */
  open(kty: KeyType, material: Uint8Array): EngineKey;
  /** Fresh random bytes, from the source of its keys. */
  random(count: number): Buffer;
}
