// Makes a key, or a new version of one that exists.
import type { CryptoClient } from '../../crypto/client/crypto-client.ts';
import type { Head, Records } from '../../store/sealed/records.ts';
import { readOptionalInteger, readOptionalText, readOptionalTextList, readText } from '../../wire/body.ts';
import type { JsonObject } from '../../wire/route.ts';
import {
  checkValidity,
  type RequestedAttributes,
  readAttributes,
  readTags,
  rejectReleasePolicy,
} from './attributes.ts';
import type { KeyRing } from './key-ring.ts';
import { type KeyKind, resolveKeyKind, resolveKeyOps } from './key-types.ts';
import { bindingOf, encodeKeyVersion, type KeyVersion, keyRecordName } from './key-version.ts';

export interface CreateKey {
  readonly kind: KeyKind;
  readonly keyOps: readonly string[];
  readonly attributes: RequestedAttributes;
  readonly tags: Readonly<Record<string, string>> | undefined;
}

/** @throws ServiceError BadParameter */
export function readCreateKey(body: JsonObject): CreateKey {
  const kind = resolveKeyKind({
    kty: readText(body, 'kty'),
    keySize: readOptionalInteger(body, 'key_size'),
    curve: readOptionalText(body, 'crv'),
    publicExponent: readOptionalInteger(body, 'public_exponent'),
  });
  rejectReleasePolicy(body);
  const attributes = readAttributes(body);
  checkValidity(attributes);
  return {
    kind,
    keyOps: resolveKeyOps(kind.kty, readOptionalTextList(body, 'key_ops')),
    attributes,
    tags: readTags(body),
  };
}

export interface KeyMaking {
  readonly keys: KeyRing;
  readonly crypto: CryptoClient;
  readonly records: Records;
  /** Unix seconds. */
  readonly now: () => number;
  readonly randomHex: (bytes: number) => string;
}

/** @param recheck throws when the caller's right is gone */
export async function createKey(
  name: string,
  asked: CreateKey,
  recheck: () => void,
  { keys, crypto, records, now, randomHex }: KeyMaking,
): Promise<{ readonly key: KeyVersion; readonly head: Head }> {
  const time = now();
  // A key keeps the spelling of its first version: the blob is bound to it.
  const spelled = keys.find(name)?.name ?? name;
  const identity = {
    name: spelled,
    version: randomHex(16),
    kty: asked.kind.kty,
    keyOps: asked.keyOps,
    attributes: { enabled: true, ...asked.attributes, exportable: false, created: time, updated: time },
  };
  const { publicKey, blob } = await crypto.createKey(bindingOf(identity), asked.kind);
  let key: KeyVersion | undefined;
  const head = await records.update(() => {
    recheck();
    const ordinal = (keys.find(name)?.ordinal ?? 0) + 1;
    key = {
      ...identity,
      ordinal,
      publicKey,
      ...(asked.tags === undefined ? {} : { tags: asked.tags }),
      blob,
      blobId: `${identity.version}.${randomHex(4)}`,
    };
    return [{ name: keyRecordName(name, key.version), value: encodeKeyVersion(key) }];
  });
  return { key: key as unknown as KeyVersion, head };
}
