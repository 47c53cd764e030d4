// One version of a key, and the sealed record that it is kept in.

import type { KeyBinding, PublicKey } from '../../crypto/protocol/messages.ts';
import { toBase64url } from '../../formats/base64url.ts';
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
import { recordKind, type ValueOf } from '../../store/sealed/record-kind.ts';
import type { Change } from '../../store/sealed/records.ts';
import { keptPolicy, releasePolicyBinding } from './release-policy.ts';

export interface KeyVersion extends Omit<ValueOf<typeof keyKind>, 'blob'> {
  /** The key, sealed by the module to name, version, type and operations. */
  readonly blob: Uint8Array;
}

/** Where a key came from that was not made here. Written once with the version, never changed. */
export type Provenance = ReturnType<typeof provenance>;

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

/** What a record has room for; an instance may be set to fewer. */
export const MAX_TAGS = 50;
/** Unix seconds. */
const time = integer(0, Number.MAX_SAFE_INTEGER);
const publicKeys: Readonly<Record<PublicKey['kty'], Reader<PublicKey>>> = {
  'RSA-HSM': record({ kty: oneOf('RSA-HSM'), n: text, e: text }),
  'EC-HSM': record({ kty: oneOf('EC-HSM'), crv: text, x: text, y: text }),
  'oct-HSM': record({ kty: oneOf('oct-HSM'), size: integer(1, 65_536) }),
  'AKP-HSM': record({ kty: oneOf('AKP-HSM'), alg: text, pub: text }),
};
const kty = oneOf('RSA-HSM', 'EC-HSM', 'oct-HSM', 'AKP-HSM');
const publicKey: Reader<PublicKey> = (value, path) =>
  publicKeys[kty((value as { readonly kty?: unknown } | null)?.kty, `${path}.kty`)](value, path);

/** `by`: object id of the caller; `authorisedBy`: id of the role assignment that let the caller in. */
const arrival = { at: time, by: text, authorisedBy: text };
/** A JWK with the private key in the clear inside TLS. */
const plainJwk = record({ source: oneOf('plain-jwk'), ...arrival });
/** A transfer blob, opened in the module alone. */
const byok = record({
  source: oneOf('byok'),
  ...arrival,
  /** The key-exchange key: path of its version, and JWK thumbprint (RFC 7638). */
  kek: text,
  kekThumbprint: text,
  /** SHA-256 of the transfer file as it was sent, base64url. */
  blobHash: text,
  /** What the file says about the tool that made it; the sender's word. */
  generator: text,
});
const provenance = (value: unknown, path: string): ReturnType<typeof byok> | ReturnType<typeof plainJwk> =>
  (value as { readonly source?: unknown } | null)?.source === 'byok' ? byok(value, path) : plainJwk(value, path);

/** `key/{name in lower case}/{version}` */
export const keyKind = recordKind({
  of: 'key/',
  id: /^[0-9a-z-]{1,127}\/[0-9a-f]{32}$/,
  about: 'One version of a key: what it is and may do, and the key sealed by the module',
  travels: 'key',
  hides: ['blob'],
  members: {
    /** As first spelled; names compare without regard to case. */
    name: text,
    /** 32 lower-case hex digits. */
    version: text,
    /** Counts the versions of a key from 1: the highest is the current one. */
    ordinal: integer(1, Number.MAX_SAFE_INTEGER),
    kty,
    keyOps: list(text, 20),
    publicKey,
    /** encrypt, wrapKey and sign are refused before `nbf` and from `exp` on. */
    attributes: record({ enabled: flag, exportable: flag, created: time, updated: time }, { nbf: time, exp: time }),
    blob: matching(/^[\w-]+$/, 'base64url'),
    /** Changes whenever the blob does: names it in the caches of the module. */
    blobId: text,
  },
  optional: {
    tags: mapOf(text, MAX_TAGS),
    /** Of keys that may leave, or that wrap keys for enclaves. */
    releasePolicy: keptPolicy,
    provenance,
  },
  check(key: Named & { readonly kty: unknown; readonly publicKey: PublicKey }, id) {
    if (recordId(key) !== id) throw new ShapeError('it is of another key or version');
    if (key.kty !== key.publicKey.kty) throw new ShapeError('its types differ');
  },
});

interface Named {
  readonly name: string;
  readonly version: string;
}

/** Name, in lower case, and version that an id of a key's record is made of. */
export function partsOfKeyId(id: string): Named {
  const at = id.lastIndexOf('/');
  return { name: id.slice(0, at), version: id.slice(at + 1) };
}

export function keyChange(key: KeyVersion): Change & { readonly value: Uint8Array } {
  return keyKind.put(recordId(key), { ...key, blob: toBase64url(key.blob) });
}

export function keyRemoval(key: Named): Change {
  return keyKind.remove(recordId(key));
}

function recordId({ name, version }: Named): string {
  return `${name.toLowerCase()}/${version}`;
}

export function keyOf(stored: ValueOf<typeof keyKind>): KeyVersion {
  // In memory of its own: a short buffer is a slice of a pool, of which it would keep all, for as long as the key is there.
  const { buffer } = Uint8Array.fromBase64(stored.blob, { alphabet: 'base64url' });
  return { ...stored, blob: Buffer.from(buffer) };
}

/** A version's identifier under that origin; without one its path. */
export function keyId(origin: string, { name, version }: Named): string {
  return `${origin}/keys/${name}/${version}`;
}
