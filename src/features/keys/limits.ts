// How much there may be: limits that an administrator can set, asked on the state that a change commits to. A refusal names
// the setting, so that who meets it knows what to ask for.
import { ServiceError } from '../../http/service-error.ts';
import type { KeyIndex } from './key-index.ts';

/** As they are now; read again for every change. */
export interface KeyLimits {
  /** Deleted keys count until they are purged. */
  readonly keys: number;
  readonly versionsPerKey: number;
  readonly tagsPerKey: number;
}

/** Whatever adds versions asks this. @throws ServiceError Conflict */
export function checkRoom(keys: KeyIndex, name: string, limits: KeyLimits, adding = 1): void {
  const versions = keys.versions(name).length;
  if (versions + adding > limits.versionsPerKey) {
    throw limitReached(`StrongroomMaxVersionsPerKey: a key has at most ${limits.versionsPerKey} versions`);
  }
  if (versions === 0 && keys.size + keys.deletedSize >= limits.keys) {
    throw limitReached(
      `StrongroomMaxKeys: there are at most ${limits.keys} keys, deleted ones that are not purged included`,
    );
  }
}

/** @throws ServiceError Conflict */
export function checkTagCount(tags: Readonly<Record<string, string>> | undefined, limits: KeyLimits): void {
  if (tags !== undefined && Object.keys(tags).length > limits.tagsPerKey) {
    throw limitReached(`StrongroomMaxTagsPerKey: a key has at most ${limits.tagsPerKey} tags`);
  }
}

function limitReached(which: string): ServiceError {
  return new ServiceError('Conflict', `Limit reached. ${which}`, { innerCode: 'LimitReached' });
}

/**
 * A deleted key keeps its name until it is purged: nothing may be made under it, or recovering would lose one of the two.
 * @throws ServiceError Conflict
 */
export function rejectDeletedName(keys: KeyIndex, name: string): void {
  if (keys.findDeleted(name) === undefined) return;
  throw new ServiceError(
    'Conflict',
    `Key ${name} is currently in a deleted but recoverable state, and its name cannot be reused; ` +
      'in this state, the key can only be recovered or purged.',
    { innerCode: 'ObjectIsDeletedButRecoverable' },
  );
}
