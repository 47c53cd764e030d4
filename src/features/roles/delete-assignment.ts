// Deletes a role assignment. The last Administrator at `/` that does not end by itself stays: nobody outside could give the
// role back. No approval is ever asked for: taking a right away must not wait for anybody. Where duties are separated, one of
// a person stays, and the only one of whom it is known here is the caller.
import type { Answer } from '../../http/route.ts';
import { ServiceError } from '../../http/service-error.ts';
import { assignmentDetail } from './entry-details.ts';
import { requireAssignment } from './get-assignment.ts';
import { administrationOf, isLastingAdministration, lastingAdministrations } from './lasting-administrators.ts';
import { commitRoles, type RoleChanges } from './role-changes.ts';
import { assignmentKind, type RoleAssignment } from './role-records.ts';
import type { Scope } from './scope.ts';
import { assignmentShape } from './shapes.ts';

export interface DeleteAssignment {
  readonly scope: Scope;
  readonly name: string;
}

/** @throws ServiceError RoleAssignmentNotFound, Conflict */
export async function deleteAssignment({ scope, name }: DeleteAssignment, changes: RoleChanges): Promise<Answer> {
  const { result, ...committed } = await commitRoles(changes, () => {
    const deleted = requireAssignment(changes.roles, scope, name);
    rejectLastAdministrator(deleted, changes);
    const { name: guid, definition, principalId, scope: at } = deleted;
    // Nothing else tells afterwards whose right it was. `access explain` reads it, as it does the note of one that has ended.
    const note = `Assignment ${guid} of the role ${definition} to ${principalId} at ${at.path} was deleted.`;
    return { result: deleted, change: assignmentKind.remove(guid), note };
  });
  const detail = assignmentDetail(result, changes.roles);
  return { status: 200, body: assignmentShape(result), ...committed, detail };
}

function rejectLastAdministrator(assignment: RoleAssignment, { roles, duties }: RoleChanges): void {
  if (!isLastingAdministration(assignment)) return;
  const others = lastingAdministrations(roles).filter(({ name }) => name !== assignment.name);
  if (others.length === 0) {
    throw new ServiceError(
      'Conflict',
      "This is the last assignment of 'Managed HSM Administrator' at '/' that lasts, and nobody outside this HSM could restore it; " +
        'assign the role to another principal first',
    );
  }
  if (duties?.isStrict() !== true || administrationOf(duties.caller, others) !== undefined) return;
  throw new ServiceError(
    'Conflict',
    "Duties are separated here, and a person has to keep 'Managed HSM Administrator' at '/' without an end: only who keeps it takes it " +
      'from anybody. Another such administrator can delete this assignment',
  );
}
