// Writes a key with all its versions down as a text that only HSMs of the same security domain can read.
import type { CryptoClient } from '../../crypto/client/crypto-client.ts';
import { toBase64url } from '../../formats/base64url.ts';
import { ServiceError } from '../../http/service-error.ts';
import type { KeyVersion } from '../keys/key-version.ts';
import { toPortable } from './portable-version.ts';

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
