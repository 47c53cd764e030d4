// Looks a key up for an operation, and says "not found" the way the service does.
import { ServiceError } from '../../http/service-error.ts';
import type { KeyIndex } from './key-index.ts';
import { keyVersionOf, requireKeyName } from './key-name.ts';
import type { KeyVersion } from './key-version.ts';

/** @throws ServiceError BadParameter | KeyNotFound */
export function requireKey(
  keys: KeyIndex,
  params: { readonly name?: string; readonly version?: string },
  url: string,
): KeyVersion {
  const name = requireKeyName(params.name);
  const key = keys.find(name, keyVersionOf(params.version));
  if (key === undefined) throw keyNotFound(`/keys/${name}`, url);
  return key;
}

/** Names the key alone, whatever of it was asked for. */
export function keyNotFound(path: string, url: string): ServiceError {
  return new ServiceError('KeyNotFound', `Key not found: ${new URL(url).origin}${path}`);
}
