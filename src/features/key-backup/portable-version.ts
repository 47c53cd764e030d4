// A key version as it travels in a backup: what the module binds the material to, the sealed material, and the rest as it
// is stored.
import type { KeyBinding } from '../../crypto/protocol/messages.ts';
import { fromBase64url, toBase64url } from '../../formats/base64url.ts';
import { StoreError } from '../../store/port.ts';
import { bindingOf, type KeyVersion, keyChange } from '../keys/key-version.ts';

type Rest = Pick<
  KeyVersion,
  'ordinal' | 'keyOps' | 'publicKey' | 'attributes' | 'tags' | 'releasePolicy' | 'provenance'
>;

export interface PortableVersion {
  readonly binding: KeyBinding;
  /** base64url. */
  readonly blob: string;
  readonly rest: Rest;
}

export class PortableVersionError extends Error {
  override readonly name = 'PortableVersionError';
}

export function toPortable(key: KeyVersion): PortableVersion {
  const { name, version, kty, blob, blobId, ...rest } = key;
  return { binding: bindingOf(key), blob: toBase64url(blob), rest };
}

/** @throws PortableVersionError when the rest says another thing than the binding, or is not what is kept of a version */
export function fromPortable({ binding, blob, rest }: PortableVersion, newBlobId: string): KeyVersion {
  const { name, version, kty } = binding;
  // In the binding they are sorted; here they are as they were given.
  const { ordinal, keyOps, publicKey, attributes, tags, releasePolicy, provenance } = rest;
  const key: KeyVersion = {
    name,
    version,
    ordinal,
    kty,
    keyOps,
    publicKey,
    attributes,
    ...(tags === undefined ? {} : { tags }),
    ...(releasePolicy === undefined ? {} : { releasePolicy }),
    ...(provenance === undefined ? {} : { provenance }),
    blob: fromBase64url(blob),
    blobId: `${version}.${newBlobId}`,
  };
  const says = bindingOf(key);
  if (
    !Number.isSafeInteger(ordinal) ||
    !isSame(keyOps, binding.keyOps) ||
    says.exportable !== binding.exportable ||
    says.releasePolicy !== binding.releasePolicy ||
    publicKey.kty !== kty
  ) {
    throw new PortableVersionError('a version of the backup contradicts itself');
  }
  try {
    keyChange(key);
  } catch (cause) {
    if (cause instanceof StoreError) throw new PortableVersionError('a version of the backup does not read', { cause });
    throw cause;
  }
  return key;
}

/** Operations as the module sorted them, and as they were given: the same ones, whatever the order. */
function isSame(given: unknown, sorted: readonly string[]): boolean {
  return Array.isArray(given) && given.length === sorted.length && sorted.every((op) => given.includes(op));
}
