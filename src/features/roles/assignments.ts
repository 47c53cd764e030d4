import { pageOf } from '../../http/paging.ts';
import type { Answer } from '../../http/route.ts';
import { ServiceError } from '../../http/service-error.ts';
import { administrationOf, isLastingAdministration, lastingAdministrations } from './administrators.ts';
import { assignmentDetail } from './entry-details.ts';
import type { Roles } from './evaluate.ts';
import { matchesFilter, readRoleFilter } from './filter.ts';
import { commitRoles, type Named, type RoleChanges } from './role-changes.ts';
import { assignmentKind, type RoleAssignment } from './role-records.ts';
import { covers, type Scope } from './scope.ts';
import { assignmentShape } from './shapes.ts';

/** @throws ServiceError RoleAssignmentNotFound */
export function getAssignment({ scope, name }: Named, { roles }: { readonly roles: Roles }): Answer {
  return { status: 200, body: assignmentShape(requireAssignment(roles, scope, name)) };
}

/**
 * The assignment, if it lies at the path's scope or below it. Clients name assignments of a key under `/`, which is
 * safe as the caller's right was checked there; one outside the path's scope must not be reached through it. A name that
 * is no GUID is the name of none.
 * @throws ServiceError RoleAssignmentNotFound
 */
function requireAssignment(roles: Roles, at: Scope, name: string): RoleAssignment {
  const assignment = roles.assignment(name.toLowerCase());
  if (assignment === undefined || !covers(at, assignment.scope)) {
    throw new ServiceError('RoleAssignmentNotFound', 'Requested role assignment not found');
  }
  return assignment;
}

// Lists role assignments seen from a scope, in pages by name.

/** Clients follow next links, but most lists fit one answer. */
export const ASSIGNMENTS_PER_PAGE = 500;

interface ListAssignments {
  readonly scope: Scope;
  readonly filter: string | undefined;
  /** Name of the last assignment of the page before; absent on the first page. */
  readonly after: string | undefined;
  /** The absolute address of the page that follows the named assignment, filter included. */
  readonly nextLink: (after: string) => string;
}

/** @throws ServiceError BadParameter */
export function listAssignments(input: ListAssignments, { roles }: { readonly roles: Roles }): Answer {
  const { scope, after, nextLink } = input;
  const filter = readRoleFilter(input.filter);
  const candidates = filter.principalId === undefined ? roles.assignments() : roles.assignmentsOf(filter.principalId);
  const found = [...candidates]
    .filter((each) => matchesFilter(filter, scope, each) && (after === undefined || each.name > after))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  return {
    status: 200,
    body: pageOf(found, ASSIGNMENTS_PER_PAGE, assignmentShape, ({ name }) => nextLink(name)),
  };
}

// Deletes a role assignment. The last Administrator at `/` that does not end by itself stays: nobody outside could give the
// role back. No approval is ever asked for: taking a right away must not wait for anybody. Where duties are separated, one of
// a person stays, and the only one of whom it is known here is the caller.

/** @throws ServiceError RoleAssignmentNotFound, Conflict */
export async function deleteAssignment({ scope, name }: Named, changes: RoleChanges): Promise<Answer> {
  const { result, ...committed } = await commitRoles(changes, () => {
    const deleted = requireAssignment(changes.roles, scope, name);
    rejectLastAdministrator(deleted, changes);
    const { name: guid, definition, principalId, scope: at } = deleted;
    // Nothing else tells afterwards whose right it was. `access explain` reads it, as it does the note of one that has ended.
    const note = `Assignment ${guid} of the role ${definition} to ${principalId} at ${at.path} was deleted.`;
    return { result: deleted, changes: [assignmentKind.remove(guid)], note };
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
