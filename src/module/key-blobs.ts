// Keys at rest: the engine's key material under the wrapping key, bound to what the key is and may do.
import { CryptoError, type KeyBinding } from '../crypto/protocol/messages.ts';
import { bindingContext, checkExportRules } from './key-binding.ts';
import { openBox, sealBox } from './sealed-box.ts';
import type { Provisioned } from './sealed-state.ts';

const TYPE_TAGS = { 'RSA-HSM': 1, 'EC-HSM': 2, 'oct-HSM': 3, 'AKP-HSM': 4 } as const;

/** @throws CryptoError BadRequest when the binding is of a key that must not be made */
export function sealKey(state: Provisioned, binding: KeyBinding, material: Uint8Array): Buffer {
  checkExportRules(binding);
  const plaintext = Buffer.alloc(1 + material.length);
  plaintext[0] = TYPE_TAGS[binding.kty];
  plaintext.set(material, 1);
  const blob = sealBox(state.rootKeys.wrapping, bindingContext(state.instanceId, binding), plaintext);
  plaintext.fill(0);
  return blob;
}

/** Calls `use` with the key material, which is overwritten afterwards. @throws CryptoError KeyRefused */
export function withKeyMaterial<T>(
  state: Provisioned,
  binding: KeyBinding,
  blob: Uint8Array,
  use: (material: Buffer) => T,
): T {
  const plaintext = openBox(state.rootKeys.wrapping, bindingContext(state.instanceId, binding), blob, refused);
  try {
    if (plaintext[0] !== TYPE_TAGS[binding.kty]) throw refused();
    return use(plaintext.subarray(1));
  } finally {
    plaintext.fill(0);
  }
}

function refused(): CryptoError {
  return new CryptoError('KeyRefused', 'blob and binding do not belong together');
}
