// What a key blob is bound to. The module believes nothing the service says of a key: it checks the form here, and the
// blob opens only under exactly the binding it was sealed with.

import { badRequest, type CryptoError, type KeyBinding } from '../crypto/protocol/messages.ts';
import type { Kty } from '../formats/algorithms.ts';
import { isSecure, openOperations, secureOperations } from '../formats/key-wrap-modes.ts';
import { immutabilityOf, isAtLeast, isPolicyBinding } from '../formats/policy-binding.ts';

const USES = ['encrypt', 'decrypt', 'sign', 'verify', 'wrapKey', 'unwrapKey'];
const KEY_OPS: Readonly<Record<Kty, readonly string[]>> = {
  'RSA-HSM': [...USES, 'import', 'export', ...secureOperations],
  'EC-HSM': ['sign', 'verify', 'deriveKey', 'export'],
  'oct-HSM': [...USES, 'deriveKey', 'export', ...secureOperations],
  'AKP-HSM': ['sign', 'verify', 'export'],
};

/** @throws CryptoError BadRequest naming the member */
export function checkBinding(value: unknown): KeyBinding {
  const { name, version, kty, keyOps, exportable, releasePolicy, ...spare } = objectOf('binding', value);
  if (Object.keys(spare).length > 0) throw badRequest('binding', 'has an unknown member');
  if (typeof name !== 'string' || !/^[0-9a-zA-Z-]{1,127}$/.test(name)) throw badRequest('name', 'is not a key name');
  if (typeof version !== 'string' || !/^[0-9a-f]{32}$/.test(version))
    throw badRequest('version', 'is not a key version');
  if (!isKty(kty)) throw badRequest('kty', 'is not a key type');
  if (typeof exportable !== 'boolean') throw badRequest('exportable', 'is not a boolean');
  checkKeyOps(kty, keyOps, exportable);
  if (!isPolicyBinding(releasePolicy)) throw badRequest('release_policy', 'is not a SHA-256 hash');
  return { name, version, kty, keyOps: [...keyOps].sort(), exportable, releasePolicy };
}

/** @throws CryptoError BadRequest */
export function objectOf(name: string, value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw badRequest(name, 'is not an object');
}

function isKty(value: unknown): value is Kty {
  return typeof value === 'string' && Object.hasOwn(KEY_OPS, value);
}

function checkKeyOps(kty: Kty, keyOps: unknown, exportable: boolean): asserts keyOps is string[] {
  if (!Array.isArray(keyOps) || !keyOps.every((op) => typeof op === 'string'))
    throw badRequest('key_ops', 'is not a list');
  if (!keyOps.every((op) => KEY_OPS[kty].includes(op)))
    throw badRequest('key_ops', `has an operation that ${kty} cannot do`);
  if (new Set(keyOps).size !== keyOps.length) throw badRequest('key_ops', 'names an operation twice');
  if (keyOps.includes('import') && keyOps.length !== 1) throw badRequest('key_ops', 'has import beside others');
  if (keyOps.includes('export') && !exportable)
    throw badRequest('key_ops', 'has export on a key that is not exportable');
}

/** Of a key that is made. One that wraps keys which nobody may see never leaves: who had it would see them all. */
export function checkNewBinding(value: unknown): KeyBinding {
  const binding = checkBinding(value);
  if (binding.exportable && isSecure(binding.keyOps))
    throw badRequest('exportable', 'does not go with secure wrapping');
  return binding;
}

/** Of a key that is taken in as its bringer has it, who could bring it under another policy too. */
export function checkBroughtBinding(value: unknown): KeyBinding {
  const binding = checkOutsideBinding(value);
  if (immutabilityOf(binding.releasePolicy) === 'from-creation') throw notFromCreation();
  return binding;
}

/**
 * Of a key that a key-exchange key opens. Transfer blobs are as good as the key while that one is there, so what comes
 * through it leaves at most as it does itself: under the same policy, which can be changed no more easily.
 * @param kek as stated: its blob opens under nothing else
 */
export function checkWrappedBinding(value: unknown, kek: KeyBinding): KeyBinding {
  const binding = checkOutsideBinding(value);
  if (!binding.exportable) return binding;
  if (!kek.exportable) throw badRequest('exportable', 'is true, and the key-exchange key is not exportable');
  if (!isAtLeast(binding.releasePolicy, kek.releasePolicy)) {
    throw badRequest(
      'release_policy',
      'is another than that of the key-exchange key, or one that is changed more easily',
    );
  }
  // Under another key-exchange key the same blob could have come in under another policy before.
  if (immutabilityOf(kek.releasePolicy) === 'from-creation') return binding;
  if (immutabilityOf(binding.releasePolicy) === 'from-creation') throw notFromCreation();
  return binding;
}

/** Whoever brings a key has it, and would see all that it wraps for enclaves. */
function checkOutsideBinding(value: unknown): KeyBinding {
  const binding = checkBinding(value);
  if (isSecure(binding.keyOps)) throw badRequest('key_ops', 'has secure wrapping on a key from outside');
  return binding;
}

function notFromCreation(): CryptoError {
  return badRequest('release_policy', 'is not immutable from creation: the key was there before');
}

/**
 * What holds of every key that is sealed anew: it may leave, or wrap keys for enclaves, exactly if a policy says to whom,
 * and if it wraps keys that nobody may see, nobody unwraps them in the clear. Keys for secure wrapping that were made
 * exportable, as they once were, are sealed as what they are; they are not released either. @throws CryptoError
 */
export function checkExportRules({ keyOps, exportable, releasePolicy }: KeyBinding): void {
  const open = keyOps.find((op) => openOperations.includes(op));
  if (open !== undefined && isSecure(keyOps)) throw badRequest('key_ops', `has ${open} beside secure wrapping`);
  if (releasePolicy === '') {
    if (isSecure(keyOps)) throw badRequest('release_policy', 'is missing on a key for secure wrapping');
    if (exportable) throw badRequest('release_policy', 'is missing on an exportable key');
  } else if (!exportable && !isSecure(keyOps)) {
    throw badRequest('release_policy', 'is on a key that is not exportable');
  }
}

/** Which bindings may follow which: other operations, and another policy unless the present one is for ever. */
export function checkRebinding(from: KeyBinding, to: KeyBinding): void {
  const same =
    from.name === to.name && from.version === to.version && from.kty === to.kty && from.exportable === to.exportable;
  if (!same) throw badRequest('newBinding', 'only keyOps and releasePolicy may change');
  // A key-exchange key that could decrypt would open every transfer blob ever made for it.
  if (from.keyOps.includes('import') !== to.keyOps.includes('import')) throw badRequest('key_ops', 'import is fixed');
  // For the same reason, and in any number of steps.
  if (isSecure(from.keyOps) !== isSecure(to.keyOps)) throw badRequest('key_ops', 'secure wrapping is fixed');
  if (from.releasePolicy === to.releasePolicy) return;
  if (immutabilityOf(from.releasePolicy) !== false) {
    throw badRequest('newBinding', 'the release policy is immutable');
  }
  // The blob from before stays good, in a backup or with whoever kept it: that it never changed is not true any more.
  if (immutabilityOf(to.releasePolicy) === 'from-creation') throw notFromCreation();
}

/** The bytes bound into a blob: one text for one binding (the order of keyOps means nothing and is sorted away). */
export function bindingContext(instanceId: string, binding: KeyBinding): Buffer {
  const { name, version, kty, keyOps, exportable, releasePolicy } = binding;
  const members = [instanceId, name, version, kty, [...keyOps].sort(), exportable, releasePolicy];
  return Buffer.from(JSON.stringify(['strongroom key blob v1', ...members]), 'utf8');
}
