// Names of principals, where the development directory of this machine knows them; elsewhere ids are all there is.

import { findByObjectId } from '../../../control/directory/find-principal.ts';
import { knownDirectory } from './known-directory.ts';

/** An object id, with the name of whoever has it behind it where that is known. */
export type NameOf = (objectId: string) => string;

/** @param root a data directory; absent: nothing is known */
export async function principalNames(root: string | undefined): Promise<NameOf> {
  const directory = await knownDirectory(root);
  if (directory === undefined) return (id) => id;
  return (id) => {
    const found = findByObjectId(directory, id);
    switch (found?.kind) {
      case undefined:
        return id;
      case 'user':
        return `${id} (${found.user.upn})`;
      case 'group':
        return `${id} (group ${found.group.displayName})`;
      case 'application':
        return `${id} (${found.application.displayName})`;
      case 'managed identity':
        return `${id} (managed identity)`;
    }
  };
}
