// Releases an exportable key: the key under a fresh AES key, that under the enclave's key, and a signed statement of what
// was released under which policy. The module cannot check the enclave's token; it makes sure that only a key made to be
// released leaves, that the policy shown is the one bound to it, and that it leaves encrypted.
import { randomBytes } from 'node:crypto';
import { type Engine, inputAlone } from '../crypto/engines/engine.ts';
import {
  badRequest,
  CryptoError,
  type KeyBinding,
  type PublicKey,
  type RequestOf,
} from '../crypto/protocol/messages.ts';
import { algorithms } from '../formats/algorithms.ts';
import { fromBase64url, toBase64url } from '../formats/base64url.ts';
import { isSecure, wrapModes } from '../formats/key-wrap-modes.ts';
import { immutabilityOf, policyBinding } from '../formats/policy-binding.ts';
import type { AttestationIdentity } from './attestation-identity.ts';
import { checkBinding, objectOf } from './key-binding.ts';
import { withKeyMaterial } from './key-blobs.ts';
import type { Provisioned } from './sealed-state.ts';
import { encryptToTarget, readTargetKey, type TargetKey } from './target-key.ts';

/** @throws CryptoError BadRequest, OperationNotAllowed, KeyRefused */
export function releaseKey(
  state: Provisioned,
  engine: Engine,
  identity: AttestationIdentity,
  asked: RequestOf<'releaseKey'>,
): string {
  const binding = checkBinding(asked.binding);
  if (!binding.exportable || binding.releasePolicy === '') {
    throw new CryptoError('OperationNotAllowed', 'exportable: the key was not made to be released');
  }
  // Whatever else it was made for: with it, everything that it wrapped would open.
  if (isSecure(binding.keyOps)) {
    throw new CryptoError('OperationNotAllowed', 'key_ops: a key for secure wrapping is not released');
  }
  const policy = readPolicy(asked.policy, binding);
  const target = readTargetKey(asked.target);
  const request = objectOf('request', asked.request);
  const attributes = objectOf('attributes', asked.attributes);
  const { publicKey, ciphertext } = withKeyMaterial(state, binding, asked.blob, (material) => {
    using key = engine.open(binding.kty, material);
    return { publicKey: key.publicKey, ciphertext: wrapToTarget(engine, target, asked.enc, material) };
  });
  const { thumbprint, chain } = identity;
  const keyHsm = {
    schema_version: '1.0',
    header: { kid: target.kid, alg: 'dir', enc: asked.enc },
    ciphertext: toBase64url(ciphertext),
  };
  const key = {
    ...publicMembers(publicKey),
    // The suffix says where a key is kept; this one is leaving.
    kty: publicKey.kty.replace(/-HSM$/, ''),
    key_ops: binding.keyOps,
    kid: asked.kid,
    key_hsm: toBase64url(Buffer.from(JSON.stringify(keyHsm), 'utf8')),
  };
  return identity.sign(
    { kid: thumbprint, x5c: chain.map((der) => der.toString('base64')), 'x5t#S256': thumbprint },
    { request: { ...request, enc: asked.enc }, response: { key: { attributes, key, release_policy: policy } } },
  );
}

/** RSA-OAEP(target, AES-256 key) ‖ AES-KWP(AES-256 key, PKCS#8 or raw bytes). @throws CryptoError BadRequest */
function wrapToTarget(engine: Engine, target: TargetKey, enc: string, material: Uint8Array): Buffer {
  const mode = wrapModes.get(enc);
  const algorithm = algorithms.get('CKM_AES_KEY_WRAP_PAD');
  if (mode === undefined || algorithm === undefined) throw badRequest('enc', 'unknown');
  const transport = randomBytes(32);
  try {
    using wrapping = engine.open('oct-HSM', transport);
    const { output } = wrapping.operate('wrapKey', algorithm, inputAlone(material));
    return Buffer.concat([encryptToTarget(target, mode.hash, transport), output]);
  } finally {
    transport.fill(0);
  }
}

/** The policy as it will be shown: the bytes must be those that the blob is bound to. */
function readPolicy(value: unknown, binding: KeyBinding): object {
  const { contentType, data, immutable } = objectOf('policy', value);
  if (typeof contentType !== 'string' || typeof data !== 'string' || typeof immutable !== 'boolean') {
    throw badRequest('policy', 'is malformed');
  }
  let canonical: Buffer;
  try {
    canonical = fromBase64url(data);
  } catch {
    throw badRequest('policy', 'is not base64url');
  }
  const bound = immutabilityOf(binding.releasePolicy);
  if (policyBinding(canonical, bound) !== binding.releasePolicy || (bound !== false) !== immutable) {
    throw new CryptoError('KeyRefused', 'the policy is not the one that the key is bound to');
  }
  return { contentType, data, immutable };
}

function publicMembers(publicKey: PublicKey): object {
  if (publicKey.kty === 'oct-HSM') return {};
  const { kty: _, ...members } = publicKey;
  return members;
}
