// Brings a key back from its backup, under its own name and with the versions that it had. A name that is taken, by a
// deleted key too, is not touched.

import type { CryptoClient } from '../../crypto/client/crypto-client.ts';
import { CryptoError } from '../../crypto/protocol/messages.ts';
import { Base64Error, toBase64url } from '../../formats/base64url.ts';
import { readText } from '../../http/body.ts';
import { toBytes } from '../../http/lenient-body.ts';
import type { JsonObject } from '../../http/route.ts';
import { ServiceError } from '../../http/service-error.ts';
import type { Commit, Head } from '../../store/sealed/records.ts';
import type { KeyMaking } from '../keys/add-version.ts';
import { type KeyVersion, keyChange } from '../keys/key-version.ts';
import { checkRoom, rejectDeletedName } from '../keys/limits.ts';
import { fromPortable, type PortableVersion, PortableVersionError, toPortable } from './portable-version.ts';

/** The compact JWE. @throws ServiceError BadParameter, MalformedBackupBlob */
export function readBackupBlob(body: JsonObject): string {
  try {
    return toBytes(readText(body, 'value')).toString('latin1');
  } catch (error) {
    if (error instanceof Base64Error) throw malformed(error);
    throw error;
  }
}

/** @returns the current version @throws ServiceError MalformedBackupBlob, Conflict */
export async function restoreKey(
  jwe: string,
  commit: Commit,
  { keys, crypto, randomHex, limits }: KeyMaking,
): Promise<{ readonly key: KeyVersion; readonly versions: readonly KeyVersion[]; readonly head: Head }> {
  const { versions } = await crypto.send('restoreKey', { value: jwe }).catch(refuse);
  const restored = readVersions(versions as readonly PortableVersion[], randomHex);
  const current = restored.at(-1) as KeyVersion;
  const head = await commit(() => {
    rejectDeletedName(keys, current.name);
    if (keys.find(current.name) !== undefined) {
      throw new ServiceError('Conflict', `Key ${current.name} exists: a backup restores no key over another`);
    }
    checkRoom(keys, current.name, limits, restored.length);
    return restored.map(keyChange);
  });
  return { key: current, versions: restored, head };
}

/** Oldest first. The module answers for what they are; whether they make a key together is looked at here. */
function readVersions(versions: readonly PortableVersion[], randomHex: KeyMaking['randomHex']): readonly KeyVersion[] {
  try {
    const restored = versions.map((version) => fromPortable(version, randomHex(4)));
    restored.sort((a, b) => a.ordinal - b.ordinal);
    const ordinals = new Set(restored.map(({ ordinal }) => ordinal));
    const names = new Set(restored.map(({ version }) => version));
    if (ordinals.size !== restored.length || names.size !== restored.length) throw malformed();
    return restored;
  } catch (error) {
    if (error instanceof PortableVersionError) throw malformed(error);
    throw error;
  }
}

function refuse(error: unknown): never {
  if (error instanceof CryptoError && (error.code === 'CryptoFailed' || error.code === 'BadRequest')) {
    throw malformed(error);
  }
  throw error;
}

/** The service has one text for every blob that it cannot open, also for one that is none. */
function malformed(cause?: unknown): ServiceError {
  const text = 'Backup blob belongs to a different crypto domain and cannot be used with this instance.';
  return new ServiceError('MalformedBackupBlob', text, { cause });
}

// Writes a key with all its versions down as a text that only HSMs of the same security domain can read.

/** Bytes of the versions as they go to the module: what comes of it still fits into a request to restore. */
const MAX_CONTENT = 2 * 1024 * 1024;
/** The module takes no more. */
const MAX_VERSIONS = 1000;

/** @param versions all of one key @returns the member `value` */
export async function backupKey(versions: readonly KeyVersion[], crypto: CryptoClient): Promise<string> {
  const portable = versions.map(toPortable);
  if (versions.length > MAX_VERSIONS || JSON.stringify(portable).length > MAX_CONTENT) {
    throw new ServiceError('Conflict', `The key has too many versions (${versions.length}) for one backup blob`);
  }
  const { value } = await crypto.send('backupKey', { versions: portable, rest: {} });
  return toBase64url(Buffer.from(value, 'ascii'));
}
