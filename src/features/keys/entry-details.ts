// What the log says of a key that was made, brought or changed: what it is and may do, never the key nor the values of tags.
import { createHash } from 'node:crypto';
import { fromBase64url } from '../../formats/base64url.ts';
import { given } from '../../formats/given.ts';
import { changesOf, type Detail, tagChanges, tagNames } from '../../http/entry-detail.ts';
import type { CreateKey } from './create.ts';
import type { ImportRequest } from './import.ts';
import { type KeyKind, kindOf } from './key-types.ts';
import type { KeyVersion } from './key-version.ts';
import type { UpdateKey } from './update.ts';

/** A version as it is now. */
export function keyDetail(key: KeyVersion): Detail {
  return { ...kindDetail(kindOf(key.publicKey)), ...rulesOf(key) };
}

export function createDetail({ kind, ...rules }: CreateKey): Detail {
  return { ...kindDetail(kind), ...rulesOf(rules) };
}

export function importDetail({ kty, crv, alg, ...rules }: ImportRequest): Detail {
  return { kty, crv: crv || undefined, alg: alg || undefined, ...rulesOf(rules) };
}

/** One that came from outside. */
export function arrivedKeyDetail(key: KeyVersion): Detail {
  const { provenance } = key;
  const blob = provenance?.source === 'byok' ? { kek: provenance.kek, blobHash: provenance.blobHash } : {};
  return { ...keyDetail(key), source: provenance?.source, ...blob };
}

/** What is asked for; what is left out stays. */
export function updateDetail(asked: UpdateKey): Detail {
  return { ...rulesOf(asked), exportable: asked.attributes.exportable };
}

export function keyChanges(before: KeyVersion, after: KeyVersion): Detail {
  const plain = (key: KeyVersion): Detail => ({ ...rulesOf(key), tags: undefined, exportable: undefined });
  const changes = changesOf(plain(before), plain(after));
  const tags = tagChanges(before.tags ?? {}, after.tags ?? {});
  return { exportable: after.attributes.exportable, changes: { ...changes, ...given({ tags }) } };
}

function kindDetail({ kty, size, curve, alg }: KeyKind): Detail {
  return { kty, key_size: size, crv: curve, alg };
}

function rulesOf({ keyOps, attributes, tags, releasePolicy }: Partial<UpdateKey>): Detail {
  const { enabled, nbf, exp, exportable } = attributes ?? {};
  return {
    key_ops: keyOps,
    exportable,
    releasePolicyHash: releasePolicy?.data === undefined ? undefined : policyHash(releasePolicy.data),
    immutable: releasePolicy?.immutable,
    enabled,
    nbf,
    exp,
    tags: tags === undefined ? undefined : tagNames(tags),
  };
}

/** SHA-256 of the bytes that `release_policy.data` of the key decodes to. */
function policyHash(data: string): string {
  return createHash('sha256').update(fromBase64url(data)).digest('base64url');
}
