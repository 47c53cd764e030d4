// One version of a key as it is stored: a sealed record `key/{name}/{version}`, name in lower case.

import type { KeyBinding, PublicKey } from '../../crypto/protocol/messages.ts';
import { fromBase64url, toBase64url } from '../../formats/base64url.ts';
import { StoreError } from '../../store/port.ts';
import type { Provenance } from './provenance.ts';
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

export function keyRecordName(name: string, version: string): string {
  return `key/${name.toLowerCase()}/${version}`;
}

/** Name and version of a key record's name; undefined for records of other features. */
export function parseKeyRecordName(recordName: string): { name: string; version: string } | undefined {
  const match = /^key\/([0-9a-z-]{1,127})\/([0-9a-f]{32})$/.exec(recordName);
  return match ? { name: match[1] as string, version: match[2] as string } : undefined;
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
    releasePolicy: releasePolicyBinding(key.releasePolicy),
  };
}

export function encodeKeyVersion(key: KeyVersion): Uint8Array {
  return Buffer.from(JSON.stringify({ ...key, blob: toBase64url(key.blob) }), 'utf8');
}

/** The record was authentic when it got here, so a malformed one is damage of ours: refused, not guessed at. */
export function decodeKeyVersion(value: Uint8Array): KeyVersion {
  const stored = JSON.parse(Buffer.from(value).toString('utf8')) as Omit<KeyVersion, 'blob'> & { blob: string };
  if (typeof stored.name !== 'string' || typeof stored.blob !== 'string' || !Number.isSafeInteger(stored.ordinal)) {
    throw new StoreError('Damaged', 'a key record does not have the members of a key version');
  }
  return { ...stored, blob: ownCopy(fromBase64url(stored.blob)) };
}

/** A short buffer is a slice of a pool, of which it would keep all, for as long as the key is there. */
function ownCopy(bytes: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(copy);
  return copy;
}
