// What the instance cannot know of a grant that waits: that it is to an application, when the client left out what the principal
// is. The development directory knows.
import { findByObjectId } from '../../../control/directory/find-principal.ts';
import { isAdministrative } from '../../../features/roles/administrative.ts';
import { findDataAction } from '../../../features/roles/data-actions.ts';
import { knownDirectory } from '../access/known-directory.ts';

/** @param root a data directory; absent: nothing is known */
export async function warningOn(request: object, root: string | undefined): Promise<string | undefined> {
  const { operation, principalId, role } = request as {
    readonly operation?: unknown;
    readonly principalId?: unknown;
    readonly role?: { readonly permissions?: readonly { readonly dataActions?: readonly string[] }[] };
  };
  if (operation !== 'putAssignment' || typeof principalId !== 'string') return undefined;
  const directory = await knownDirectory(root);
  const found = directory === undefined ? undefined : findByObjectId(directory, principalId);
  if (found?.kind !== 'application' && found?.kind !== 'managed identity') return undefined;
  const actions = (role?.permissions ?? []).flatMap(({ dataActions = [] }) => dataActions).map(findDataAction);
  if (!actions.some((action) => action !== undefined && isAdministrative(action))) return undefined;
  const { displayName } = found.kind === 'application' ? found.application : found.identity;
  return (
    `${principalId} is no person but the ${found.kind} ${displayName}: where duties are separated it has none of the ` +
    "role's administrative rights, whoever approves."
  );
}
