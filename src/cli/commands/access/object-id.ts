// Roles are given to object ids. People have a name or the client id of an application at hand more often.
import { findByObjectId } from '../../../control/directory/find-principal.ts';
import { isGuid } from '../../../formats/guid.ts';
import { UsageError } from '../../command.ts';
import { knownDirectory } from './known-directory.ts';

/**
 * A GUID that the directory does not know may be of a principal that is gone, whose assignments are still there.
 * @param root a data directory; absent: nothing is known of who has which id
 * @throws UsageError with the object id that was meant, where the directory knows it
 */
export async function checkObjectId(option: string, given: string, root: string | undefined): Promise<void> {
  const directory = await knownDirectory(root);
  if (isGuid(given) && (directory === undefined || findByObjectId(directory, given) !== undefined)) return;
  const wanted = given.toLowerCase();
  const { users = [], groups = [], applications = [], managedIdentities = [] } = directory ?? {};
  const named = [
    ...users.map(({ upn, oid }) => ({ names: [upn, upn.split('@')[0]], oid })),
    ...groups.map(({ displayName, oid }) => ({ names: [displayName], oid })),
    ...applications.map(({ displayName, appId, oid }) => ({ names: [displayName, appId], oid })),
    ...managedIdentities.map(({ displayName, clientId, oid }) => ({ names: [displayName, clientId], oid })),
  ].filter(({ names }) => names.some((name) => name?.toLowerCase() === wanted));
  const meant = named.map(({ names: [name], oid }) => `${name ?? ''} has ${oid}`).join(', ');
  if (isGuid(given)) {
    if (meant === '') return;
    throw new UsageError(`${option} ${given} is a client id, and roles are given to object ids: ${meant}`);
  }
  throw new UsageError(
    `${option} is an object id (a GUID), not '${given.slice(0, 128)}'${meant === '' ? '' : `: ${meant}`}`,
  );
}
