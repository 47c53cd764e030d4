// Answers and refusals that all software keys share.
import type { Algorithm } from '../../../formats/algorithms.ts';
import { CryptoError } from '../../protocol/messages.ts';
import type { OperationResult } from '../engine.ts';

export const NOTHING: Uint8Array = new Uint8Array(0);
export const YES: OperationResult = { output: Uint8Array.of(1), iv: NOTHING, tag: NOTHING };
export const NO: OperationResult = { output: Uint8Array.of(0), iv: NOTHING, tag: NOTHING };

export function answer(output: Uint8Array, iv: Uint8Array = NOTHING, tag: Uint8Array = NOTHING): OperationResult {
  return { output, iv, tag };
}

/** One text for padding, tag, length and every other reason: the difference is an oracle. */
export function decryptionFailed(): CryptoError {
  return new CryptoError('CryptoFailed', 'the value could not be decrypted with this key');
}

export function unsupported(algorithm: Algorithm): CryptoError {
  return new CryptoError('AlgorithmNotSupported', `${algorithm.name} does not fit this key's type, size or curve`);
}
