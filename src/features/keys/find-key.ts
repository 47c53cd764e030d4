// Looks a key up for an operation, and says "not found" the way the service does.
import type { RowRequest } from '../../http/route.ts';
import { ServiceError } from '../../http/service-error.ts';
import type { DeletedEntry, KeyIndex } from './key-index.ts';
import { requireKeyName } from './key-name.ts';
import type { KeyVersion } from './key-version.ts';

type Asked = Pick<RowRequest<unknown>, 'params' | 'url'>;

/** A version of another form than ours cannot exist, and is not found. @throws ServiceError BadParameter | KeyNotFound */
export function requireKey(keys: KeyIndex, { params, url }: Asked): KeyVersion {
  const name = requireKeyName(params['name']);
  return keys.find(name, params['version']) ?? notFound(`/keys/${name}`, url);
}

/** @throws ServiceError BadParameter | KeyNotFound */
export function requireDeletedKey(keys: KeyIndex, { params, url }: Asked): DeletedEntry {
  const name = requireKeyName(params['name']);
  return keys.findDeleted(name) ?? notFound(`/deletedkeys/${name}`, url);
}

/** Names the key alone, whatever of it was asked for. */
function notFound(path: string, url: string): never {
  throw new ServiceError('KeyNotFound', `Key not found: ${new URL(url).origin}${path}`);
}
