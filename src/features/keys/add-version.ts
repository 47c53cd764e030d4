// Commits a version of a key that the module has made, taken in or opened: the one way by which versions come to be.
import type { CryptoClient } from '../../crypto/client/crypto-client.ts';
import type { KeyBinding, PublicKey } from '../../crypto/protocol/messages.ts';
import { given } from '../../formats/given.ts';
import { type Commit, commitPlanned, type Head } from '../../store/sealed/records.ts';
import type { KeyRules } from './attributes.ts';
import type { KeyIndex } from './key-index.ts';
import { bindingOf, type KeyVersion, keyChange, type Provenance } from './key-version.ts';
import { checkRoom, checkTagCount, type KeyLimits, rejectDeletedName } from './limits.ts';

export interface KeyMaking {
  readonly keys: KeyIndex;
  readonly crypto: CryptoClient;
  /** Unix seconds. */
  readonly now: () => number;
  readonly randomHex: (bytes: number) => string;
  readonly limits: KeyLimits;
}

export interface NewVersion extends KeyRules {
  readonly kty: KeyBinding['kty'];
  /** Has the module make the key, sealed to the binding. */
  readonly make: (binding: KeyBinding) => Promise<{ readonly publicKey: PublicKey; readonly blob: Uint8Array }>;
  /** Of keys that came from outside. */
  readonly provenance?: (at: number) => Provenance;
}

export async function addVersion(
  name: string,
  asked: NewVersion,
  commit: Commit,
  { keys, now, randomHex, limits }: KeyMaking,
): Promise<{ readonly key: KeyVersion; readonly head: Head }> {
  const time = now();
  const checkPossible = (): void => {
    rejectDeletedName(keys, name);
    checkRoom(keys, name, limits);
  };
  // Before the module works for nothing, and again on the state that is committed to.
  checkPossible();
  checkTagCount(asked.tags, limits);
  // A key keeps the spelling of its first version: the blob is bound to it.
  const spelled = keys.find(name)?.name ?? name;
  const identity = {
    name: spelled,
    version: randomHex(16),
    kty: asked.kty,
    keyOps: asked.keyOps,
    attributes: { enabled: true, exportable: false, ...asked.attributes, created: time, updated: time },
    ...given({ releasePolicy: asked.releasePolicy }),
  };
  const { publicKey, blob } = await asked.make(bindingOf(identity));
  return commitPlanned(commit, () => {
    checkPossible();
    const ordinal = (keys.find(name)?.ordinal ?? 0) + 1;
    const key: KeyVersion = {
      ...identity,
      ordinal,
      publicKey,
      ...given({ tags: asked.tags, provenance: asked.provenance?.(time) }),
      blob,
      blobId: `${identity.version}.${randomHex(4)}`,
    };
    return { key, changes: [keyChange(key)] };
  });
}
