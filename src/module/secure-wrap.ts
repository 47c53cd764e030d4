// Keys made here for an enclave: a fresh AES-256 key leaves wrapped, and comes back to be re-encrypted to an enclave's
// key. Its plaintext is never part of an answer. Only keys made for this, with a policy that says for which
// enclaves, do it; they themselves never leave.
import { randomBytes } from 'node:crypto';
import { type Engine, type EngineKey, inputAlone } from '../crypto/engines/engine.ts';
import { CryptoError, type KeyBinding, type RequestOf } from '../crypto/protocol/messages.ts';
import { type Algorithm, algorithms } from '../formats/algorithms.ts';
import { secureWrapAlgorithms } from '../formats/key-wrap-modes.ts';
import { checkBinding } from './key-binding.ts';
import { withKeyMaterial } from './key-blobs.ts';
import type { Provisioned } from './sealed-state.ts';
import { encryptToTarget, readTargetKey } from './target-key.ts';

const MADE_BYTES = 32;

/** @throws CryptoError OperationNotAllowed, AlgorithmNotSupported, KeyRefused, BadRequest */
export function secureWrap(state: Provisioned, engine: Engine, asked: RequestOf<'secureWrap'>): Uint8Array {
  const made = randomBytes(MADE_BYTES);
  try {
    return withWrappingKey(state, engine, asked, 'secureWrapKey', (key, algorithm) =>
      key.operate('wrapKey', algorithm, inputAlone(made)),
    ).output;
  } finally {
    made.fill(0);
  }
}

/** RSA-OAEP-256 of the key to the enclave's. @throws CryptoError as above, and CryptoFailed when it does not unwrap */
export function secureUnwrap(state: Provisioned, engine: Engine, asked: RequestOf<'secureUnwrap'>): Uint8Array {
  const target = readTargetKey(asked.target);
  return withWrappingKey(state, engine, asked, 'secureUnwrapKey', (key, algorithm) => {
    const { output } = key.operate('unwrapKey', algorithm, inputAlone(asked.wrapped));
    try {
      if (output.length !== MADE_BYTES) throw new CryptoError('CryptoFailed', 'the value does not unwrap');
      return encryptToTarget(target, 'sha256', output);
    } finally {
      output.fill(0);
    }
  });
}

function withWrappingKey<T>(
  state: Provisioned,
  engine: Engine,
  { binding: claimed, blob, algorithm }: RequestOf<'secureWrap'>,
  keyOp: 'secureWrapKey' | 'secureUnwrapKey',
  use: (key: EngineKey, algorithm: Algorithm) => T,
): T {
  const binding = checkBinding(claimed);
  if (!binding.keyOps.includes(keyOp)) {
    throw new CryptoError('OperationNotAllowed', `key_ops: the key does not permit ${keyOp}`);
  }
  if (binding.releasePolicy === '') {
    throw new CryptoError('OperationNotAllowed', `release_policy: ${keyOp} is for keys that have one`);
  }
  return withKeyMaterial(state, binding, blob, (material) => {
    using key = engine.open(binding.kty, material);
    return use(key, requireAlgorithm(algorithm, binding, key));
  });
}

function requireAlgorithm(name: string, { kty }: KeyBinding, key: EngineKey): Algorithm {
  const row = secureWrapAlgorithms.get(name);
  const algorithm = row === undefined ? undefined : algorithms.get(row.algorithm);
  const size = key.publicKey.kty === 'oct-HSM' ? key.publicKey.size : 0;
  if (row === undefined || algorithm === undefined || row.kty !== kty || (row.bits !== 0 && row.bits !== size)) {
    throw new CryptoError('AlgorithmNotSupported', `alg: ${name.slice(0, 40)} does not fit this key`);
  }
  return algorithm;
}
