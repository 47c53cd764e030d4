// Changes attributes, operations and tags of one version. The key material stays; a change of operations has the
// module seal it again, because the blob is bound to them.
import type { CryptoClient } from '../../crypto/client/crypto-client.ts';
import type { Head, Records } from '../../store/sealed/records.ts';
import { readOptionalTextList } from '../../wire/body.ts';
import type { JsonObject } from '../../wire/route.ts';
import {
  checkValidity,
  type RequestedAttributes,
  readAttributes,
  readTags,
  rejectReleasePolicy,
} from './attributes.ts';
import { resolveKeyOps } from './key-types.ts';
import { bindingOf, encodeKeyVersion, type KeyVersion, keyRecordName } from './key-version.ts';

export interface UpdateKey {
  readonly keyOps: readonly string[] | undefined;
  readonly attributes: RequestedAttributes;
  readonly tags: Readonly<Record<string, string>> | undefined;
}

/** @throws ServiceError BadParameter */
export function readUpdateKey(body: JsonObject): UpdateKey {
  rejectReleasePolicy(body);
  return { keyOps: readOptionalTextList(body, 'key_ops'), attributes: readAttributes(body), tags: readTags(body) };
}

export interface KeyChanging {
  readonly crypto: CryptoClient;
  readonly records: Records;
  readonly now: () => number;
  readonly randomHex: (bytes: number) => string;
}

/** @param find looks the key up on current state; called again when another worker committed first */
export async function updateKey(
  find: () => KeyVersion,
  asked: UpdateKey,
  { crypto, records, now, randomHex }: KeyChanging,
): Promise<{ readonly key: KeyVersion; readonly head: Head }> {
  let key: KeyVersion | undefined;
  const head = await records.update(async () => {
    const before = find();
    const attributes = { ...before.attributes, ...asked.attributes, updated: now() };
    checkValidity(attributes);
    const changed: KeyVersion = { ...before, attributes, ...(asked.tags === undefined ? {} : { tags: asked.tags }) };
    key = asked.keyOps === undefined ? changed : await rebind(changed, asked.keyOps, crypto, randomHex);
    return [{ name: keyRecordName(key.name, key.version), value: encodeKeyVersion(key) }];
  });
  return { key: key as unknown as KeyVersion, head };
}

async function rebind(
  key: KeyVersion,
  asked: readonly string[],
  crypto: CryptoClient,
  randomHex: (bytes: number) => string,
): Promise<KeyVersion> {
  const keyOps = resolveKeyOps(key.kty, asked);
  const { blob } = await crypto.send('rebindKey', {
    binding: bindingOf(key),
    blob: key.blob,
    newBinding: bindingOf({ ...key, keyOps }),
  });
  return { ...key, keyOps, blob: Buffer.from(blob), blobId: `${key.version}.${randomHex(4)}` };
}
