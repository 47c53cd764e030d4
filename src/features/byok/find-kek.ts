// The key-exchange key that a transfer blob names: it must be one of this HSM, made for import alone, and in use.
import { keyVersionOf } from '../keys/key-name.ts';
import type { KeyRing } from '../keys/key-ring.ts';
import type { KeyVersion } from '../keys/key-version.ts';
import { badBlob } from './read-wrapped-key.ts';

/**
 * @param kid identifier under any of the HSM's names; without version the current one is meant
 * @param hosts authorities of the HSM, `name` or `name:port`
 * @throws ServiceError BadParameter
 */
export function findKek(keys: KeyRing, kid: string, hosts: readonly string[]): KeyVersion {
  const { name, version } = parseKid(kid, hosts);
  const key = keys.find(name, keyVersionOf(version));
  if (key === undefined) throw badKid('names no key of this HSM');
  if (key.kty !== 'RSA-HSM' || key.keyOps.length !== 1 || key.keyOps[0] !== 'import') {
    throw badKid("names a key that is no key-exchange key: RSA-HSM with key_ops exactly ['import']");
  }
  if (!key.attributes.enabled) throw badKid('names a key-exchange key that is disabled');
  return key;
}

function parseKid(kid: string, hosts: readonly string[]): { readonly name: string; readonly version?: string } {
  const url = URL.canParse(kid) ? new URL(kid) : undefined;
  const match = /^\/keys\/([0-9a-zA-Z-]{1,127})(?:\/([0-9a-zA-Z]{0,32}))?\/?$/.exec(url?.pathname ?? '');
  if (url?.protocol !== 'https:' || match === null || url.search !== '' || url.hash !== '' || url.username !== '') {
    throw badKid('is not a key identifier, https://{hsm}/keys/{name}/{version}');
  }
  if (!hosts.some((host) => new URL(`https://${host}`).host === url.host)) throw badKid('is of another HSM');
  const [, name = '', version] = match;
  return { name, ...(version === undefined ? {} : { version: version.toLowerCase() }) };
}

function badKid(text: string): Error {
  return badBlob(`header.kid: ${text}`);
}
