// A key with all its versions as a text that only a module with the same root keys opens again: a JWE under a key derived
// from the backup root key, in it each version's material sealed once more to what the version is.
import { type KeyObject } from 'node:crypto';
import { badRequest, CryptoError, type KeyBinding } from '../crypto/protocol/messages.ts';
import { fromBase64url, toBase64url } from '../formats/base64url.ts';
import { decryptDirect, encryptDirect, JweError } from '../formats/jwe.ts';
import { kdfCounter } from '../formats/kdf.ts';
import { orThrow } from '../formats/refusal.ts';
import { bindingContext, checkBinding } from './key-binding.ts';
import { sealKey, withKeyMaterial } from './key-blobs.ts';
import { openBox, sealBox } from './sealed-box.ts';
import type { Provisioned } from './sealed-state.ts';

const KID = 'backup-protection-key';
const LABEL = 'strongroom key backup v1';
/** In place of an instance: the material may go to any with the same root keys. */
const ANYWHERE = '';
const MAX_VERSIONS = 1000;
const utf8 = new TextDecoder('utf-8', { fatal: true });

/** One version: what the blob is bound to, the blob (base64url), and what else its owner wants back unchanged. */
interface Version {
  readonly binding: KeyBinding;
  readonly blob: string;
  readonly rest: unknown;
}

/** @param versions `{binding, blob, rest}` of one key, blobs as sealed here @throws CryptoError BadRequest, KeyRefused */
export function backupKey(state: Provisioned, versions: unknown, rest: unknown): string {
  using keys = deriveKeys(state);
  const portable = readVersions(versions).map(({ binding, blob, rest: own }) => ({
    binding,
    blob: toBase64url(
      withKeyMaterial(state, binding, fromBase64url(blob), (material) =>
        sealBox(keys.material, bindingContext(ANYWHERE, binding), material),
      ),
    ),
    rest: own,
  }));
  const content = Buffer.from(JSON.stringify({ format: LABEL, versions: portable, rest }), 'utf8');
  return encryptDirect(keys.content, KID, content);
}

/**
 * The versions with their blobs sealed for this instance, and `rest`, as they were backed up.
 * @throws CryptoError BadRequest when the text is no backup · CryptoFailed when it is not one of these root keys', or was
 *   edited
 */
export function restoreKey(state: Provisioned, jwe: string): { readonly versions: Version[]; readonly rest: unknown } {
  using keys = deriveKeys(state);
  const { versions, rest } = readContent(open(keys.content, jwe));
  return {
    versions: readVersions(versions).map(({ binding, blob, rest: own }) => ({
      binding,
      blob: toBase64url(reseal(state, keys.material, binding, fromBase64url(blob))),
      rest: own,
    })),
    rest,
  };
}

function open(key: Uint8Array, jwe: string): Buffer {
  const [head = ''] = jwe.split('.', 1);
  if (!/^[A-Za-z0-9_-]+\.\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{43}$/.test(jwe) || !namesUs(head)) {
    throw badRequest('value', 'is not the backup of a key');
  }
  return orThrow(() => decryptDirect(key, jwe), foreign, JweError);
}

function namesUs(head: string): boolean {
  try {
    const header = JSON.parse(utf8.decode(fromBase64url(head))) as { readonly kid?: unknown } | null;
    return header?.kid === KID;
  } catch {
    return false;
  }
}

/** The text is authentic from here on: what does not read is another version's format. */
function readContent(bytes: Buffer): { readonly versions: unknown; readonly rest: unknown } {
  const content = JSON.parse(utf8.decode(bytes)) as { format?: unknown; versions?: unknown; rest?: unknown };
  if (content.format !== LABEL) throw badRequest('value', 'is a backup of an unknown format');
  return { versions: content.versions, rest: content.rest };
}

function readVersions(value: unknown): Version[] {
  if (!Array.isArray(value) || value.length === 0 || value.length > MAX_VERSIONS) {
    throw badRequest('versions', `is not a list of 1 to ${MAX_VERSIONS}`);
  }
  const versions = value.map((item): Version => {
    const { binding, blob, rest } = Object(item) as Record<string, unknown>;
    if (typeof blob !== 'string') throw badRequest('blob', 'is not a text');
    return { binding: checkBinding(binding), blob, rest };
  });
  if (new Set(versions.map(({ binding }) => binding.name)).size !== 1) {
    throw badRequest('versions', 'are of more than one key');
  }
  return versions;
}

function reseal(state: Provisioned, key: KeyObject, binding: KeyBinding, portable: Uint8Array): Buffer {
  const material = openBox(key, bindingContext(ANYWHERE, binding), portable, foreign);
  try {
    return sealKey(state, binding, material);
  } finally {
    material.fill(0);
  }
}

function deriveKeys({ rootKeys }: Provisioned) {
  const content = rootKeys.use(({ backup }) => kdfCounter(backup, LABEL, 'content', 512));
  return { content, material: rootKeys.backupKey(LABEL, 'material'), [Symbol.dispose]: () => void content.fill(0) };
}

function foreign(): CryptoError {
  return new CryptoError('CryptoFailed', 'value: does not open with the backup key of this instance');
}
