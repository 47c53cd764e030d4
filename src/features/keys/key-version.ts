// One version of a key, and the sealed record that it is kept in.

import type { KeyBinding, PublicKey } from '../../crypto/protocol/messages.ts';
import { fromBase64url, toBase64url } from '../../formats/base64url.ts';
import {
  flag,
  integer,
  list,
  mapOf,
  matching,
  oneOf,
  type Reader,
  record,
  ShapeError,
  text,
} from '../../formats/shape.ts';
import { recordKind } from '../../store/sealed/record-kind.ts';
import type { Change } from '../../store/sealed/records.ts';
import { MAX_TAGS } from './attributes.ts';
import { type Provenance, readProvenance } from './provenance.ts';
import { type KeyReleasePolicy, releasePolicyBinding } from './release-policy.ts';

export interface KeyAttributes {
  readonly enabled: boolean;
  /** Unix seconds; encrypt, wrapKey and sign are refused before. */
  readonly nbf?: number;
  /** Unix seconds; encrypt, wrapKey and sign are refused from then on. */
  readonly exp?: number;
  readonly exportable: boolean;
  readonly created: number;
  readonly updated: number;
}

export interface KeyVersion {
  /** As first spelled; names compare without regard to case. */
  readonly name: string;
  /** 32 lower-case hex digits. */
  readonly version: string;
  /** Counts the versions of a key from 1: the highest is the current one. */
  readonly ordinal: number;
  readonly kty: KeyBinding['kty'];
  readonly keyOps: readonly string[];
  readonly publicKey: PublicKey;
  readonly attributes: KeyAttributes;
  readonly tags?: Readonly<Record<string, string>>;
  /** Of keys that may leave, or that wrap keys for enclaves. */
  readonly releasePolicy?: KeyReleasePolicy;
  /** Of keys that came from outside. */
  readonly provenance?: Provenance;
  /** The key, sealed by the module to name, version, type and operations. */
  readonly blob: Uint8Array;
  /** Changes whenever the blob does: names it in the caches of the module. */
  readonly blobId: string;
}

export function bindingOf(
  key: Pick<KeyVersion, 'name' | 'version' | 'kty' | 'keyOps' | 'attributes' | 'releasePolicy'>,
): KeyBinding {
  return {
    name: key.name,
    version: key.version,
    kty: key.kty,
    keyOps: key.keyOps,
    exportable: key.attributes.exportable,
    releasePolicy: key.releasePolicy === undefined ? '' : releasePolicyBinding(key.releasePolicy),
  };
}

type Stored = Omit<KeyVersion, 'blob'> & { readonly blob: string };

const time = integer(0, Number.MAX_SAFE_INTEGER);
const publicKeys: { readonly [K in PublicKey['kty']]: Reader<Extract<PublicKey, { readonly kty: K }>> } = {
  'RSA-HSM': record({ kty: oneOf('RSA-HSM'), n: text, e: text }),
  'EC-HSM': record({ kty: oneOf('EC-HSM'), crv: text, x: text, y: text }),
  'oct-HSM': record({ kty: oneOf('oct-HSM'), size: integer(1, 65_536) }),
  'AKP-HSM': record({ kty: oneOf('AKP-HSM'), alg: text, pub: text }),
};
const alwaysTrue: Reader<true> = (value, path) => {
  if (value !== true) throw new ShapeError(`${path} must be true`);
  return value;
};
const kty = oneOf('RSA-HSM', 'EC-HSM', 'oct-HSM', 'AKP-HSM');

/** `key/{name in lower case}/{version}` */
export const keyKind = recordKind({
  of: 'key/',
  id: /^[0-9a-z-]{1,127}\/[0-9a-f]{32}$/,
  about: 'One version of a key: what it is and may do, and the key sealed by the module',
  travels: 'key',
  hides: ['blob'],
  members: {
    name: text,
    version: text,
    ordinal: integer(1, Number.MAX_SAFE_INTEGER),
    kty,
    keyOps: list(text, 20),
    publicKey: (value, path) =>
      publicKeys[kty((value as { readonly kty?: unknown } | null)?.kty, `${path}.kty`)](value, path),
    attributes: record({ enabled: flag, exportable: flag, created: time, updated: time }, { nbf: time, exp: time }),
    blob: matching(/^[\w-]+$/, 'base64url'),
    blobId: text,
  },
  optional: {
    tags: mapOf(text, MAX_TAGS),
    releasePolicy: record({ contentType: text, data: text, immutable: flag }, { fromCreation: alwaysTrue }),
    provenance: readProvenance,
  },
  check({ name, version, kty: type, publicKey }, id) {
    if (`${name.toLowerCase()}/${version}` !== id) throw new ShapeError('it is of another key or version');
    if (type !== publicKey.kty) throw new ShapeError('its types differ');
  },
});

/** Name, in lower case, and version that an id of a key's record is made of. */
export function partsOfKeyId(id: string): { readonly name: string; readonly version: string } {
  const at = id.lastIndexOf('/');
  return { name: id.slice(0, at), version: id.slice(at + 1) };
}

export function keyChange(key: KeyVersion): Change & { readonly value: Uint8Array } {
  return keyKind.put(keyId(key), { ...key, blob: toBase64url(key.blob) });
}

export function keyRemoval(key: Pick<KeyVersion, 'name' | 'version'>): Change {
  return keyKind.remove(keyId(key));
}

function keyId({ name, version }: Pick<KeyVersion, 'name' | 'version'>): string {
  return `${name.toLowerCase()}/${version}`;
}

export function keyOf(stored: Stored): KeyVersion {
  return { ...stored, blob: ownCopy(fromBase64url(stored.blob)) };
}

/** A short buffer is a slice of a pool, of which it would keep all, for as long as the key is there. */
function ownCopy(bytes: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(copy);
  return copy;
}
