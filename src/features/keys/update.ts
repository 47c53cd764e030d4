// Changes attributes, operations, tags and release policy of one version. The key material stays; a change of operations
// or policy has the module seal it again, because the blob is bound to them.
import { isDeepStrictEqual } from 'node:util';
import { given } from '../../formats/given.ts';
import { isSecure } from '../../formats/key-wrap-modes.ts';
import { readOptionalTextList } from '../../http/body.ts';
import type { JsonObject } from '../../http/route.ts';
import { badParameter, ServiceError } from '../../http/service-error.ts';
import { type Commit, commitPlanned, type Head } from '../../store/sealed/records.ts';
import type { KeyMaking } from './add-version.ts';
import { checkValidity, type KeyRules, readAttributes, readTags } from './attributes.ts';
import { resolveKeyOps } from './key-types.ts';
import { bindingOf, type KeyVersion, keyChange } from './key-version.ts';
import { checkTagCount } from './limits.ts';
import { changeReleasePolicy, type RequestedPolicy, readReleasePolicy } from './release-policy.ts';

export interface UpdateKey extends Pick<KeyRules, 'attributes' | 'tags'> {
  readonly keyOps: readonly string[] | undefined;
  readonly releasePolicy: RequestedPolicy | undefined;
}

/** @throws ServiceError BadParameter */
export function readUpdateKey(body: JsonObject): UpdateKey {
  return {
    keyOps: readOptionalTextList(body, 'key_ops'),
    attributes: readAttributes(body),
    tags: readTags(body),
    releasePolicy: readReleasePolicy(body),
  };
}

/** Another worker was faster so many times in a row. */
const ATTEMPTS = 8;

/** The key is another than the module was asked for. */
class Superseded extends Error {}

/** Of versions that the module seals anew, one after the other: each time it is what the one before has left. */
const rebinding = new Map<string, Promise<unknown>>();

/** @param find looks the key up on current state; called again when another change came first */
export async function updateKey(
  find: () => KeyVersion,
  asked: UpdateKey,
  commit: Commit,
  service: Omit<KeyMaking, 'keys'>,
): Promise<{ readonly before: KeyVersion; readonly key: KeyVersion; readonly head: Head }> {
  checkTagCount(asked.tags, service.limits);
  const attributesOf = (before: KeyVersion): KeyVersion['attributes'] => {
    const attributes = { ...before.attributes, ...asked.attributes, updated: service.now() };
    checkValidity(attributes);
    if (attributes.exportable !== before.attributes.exportable) {
      throw badParameter('attributes.exportable is fixed when a key is made');
    }
    return attributes;
  };
  const change = (rebound: Partial<KeyVersion> = {}, from?: KeyVersion) =>
    commitPlanned(commit, () => {
      const before = find();
      const attributes = attributesOf(before);
      if (from !== undefined && !isSealedAlike(from, before)) throw new Superseded('the key was sealed anew meanwhile');
      const key = { ...before, ...rebound, attributes, ...given({ tags: asked.tags }) };
      return { before, key, changes: [keyChange(key)] };
    });
  if (asked.keyOps === undefined && asked.releasePolicy === undefined) return change();
  return inTurn(find().version, async () => {
    for (let attempt = 1; ; attempt++) {
      // The module is asked before, as a plan waits for nobody.
      const from = find();
      attributesOf(from);
      try {
        return await change(await rebind(from, asked, service), from);
      } catch (error) {
        if (!(error instanceof Superseded)) throw error;
        if (attempt < ATTEMPTS) continue;
        throw new ServiceError('Conflict', 'The key was changed at every attempt; try again', { cause: error });
      }
    }
  });
}

function isSealedAlike(a: KeyVersion, b: KeyVersion): boolean {
  return a.blobId === b.blobId && isDeepStrictEqual(bindingOf(a), bindingOf(b));
}

async function inTurn<T>(version: string, work: () => Promise<T>): Promise<T> {
  const turn = (rebinding.get(version) ?? Promise.resolve()).then(work);
  const over = turn.catch(() => undefined);
  rebinding.set(version, over);
  try {
    return await turn;
  } finally {
    if (rebinding.get(version) === over) rebinding.delete(version);
  }
}

/** Each version has a switch of its own: whoever turns one off is told of those that are still on. @param versions as they are now */
export function stillEnabledNotice(
  { attributes }: UpdateKey,
  { name, version }: KeyVersion,
  versions: readonly KeyVersion[],
): string | undefined {
  if (attributes.enabled !== false) return undefined;
  const on = versions.filter((each) => each.version !== version && each.attributes.enabled).length;
  if (on === 0) return undefined;
  const others = on === 1 ? 'another version of it is' : `${on} other versions of it are`;
  return `version ${version} of ${name} is disabled, and ${others} enabled: they go on unwrapping, decrypting and signing until each is disabled`;
}

async function rebind(
  key: KeyVersion,
  asked: UpdateKey,
  { crypto, randomHex }: Pick<KeyMaking, 'crypto' | 'randomHex'>,
): Promise<Partial<KeyVersion>> {
  const keyOps =
    asked.keyOps === undefined ? key.keyOps : resolveKeyOps(key.kty, asked.keyOps, key.attributes.exportable);
  if (keyOps.includes('import') !== key.keyOps.includes('import')) {
    throw badParameter("key_ops 'import' is fixed when a key is made: it can be neither given nor taken");
  }
  if (isSecure(keyOps) !== isSecure(key.keyOps)) {
    throw badParameter(
      "key_ops 'secureWrapKey' and 'secureUnwrapKey' are fixed when a key is made: a key without them stays without",
    );
  }
  const releasePolicy =
    asked.releasePolicy === undefined ? key.releasePolicy : changeReleasePolicy(key.releasePolicy, asked.releasePolicy);
  const changed = { keyOps, ...given({ releasePolicy }) };
  const { blob } = await crypto.send('rebindKey', {
    binding: bindingOf(key),
    blob: key.blob,
    newBinding: bindingOf({ ...key, ...changed }),
  });
  return { ...changed, blob: Buffer.from(blob), blobId: `${key.version}.${randomHex(4)}` };
}
