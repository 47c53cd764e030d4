// Rows of Microsoft.Authorization: which roles there are, and giving and taking them at the subscription, a group or an HSM.
// A role given here reaches resources; the roles inside an HSM have rows of their own in the HSM itself.
import { guid, text } from '../../../formats/shape.ts';
import { ControlError, type ControlRequest, type ControlRow } from '../../../http/control-row.ts';
import { choice, members, nothing } from '../../../http/management-shape.ts';
import { GROUP, HSM, type MakeRow, SUBSCRIPTION } from '../arm-row.ts';
import { requireHsm } from '../hsm/find-hsm.ts';
import { requireGroup } from '../resource-groups.ts';
import { MAX_ROLE_ASSIGNMENTS, OWNER, type Resources, type RoleAssignment } from '../resources.ts';
import type { ResourceStore } from '../resources-file.ts';
import { type FindPrincipal, matcherOf } from './assignment-filter.ts';
import { ARM_ROLES, type ArmRoleDefinition, findArmRole } from './built-in-roles.ts';
import { describeAssignment, describeRole } from './describe-roles.ts';
import { scopeOf, scopeOfRequest, spelledScopeOfRequest } from './scope.ts';

export interface RoleRowOptions {
  readonly book: ResourceStore;
  readonly row: MakeRow;
  readonly findPrincipal: FindPrincipal;
  /** Who is not found here may exist all the same: then the request says what it is. */
  readonly isDirectoryElsewhere: boolean;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

const TYPE = 'Microsoft.Authorization/roleAssignments';
const LIST = `providers/${TYPE}`;
const DEFINITIONS = 'providers/Microsoft.Authorization/roleDefinitions';
const readBody = members({
  properties: members(
    { roleDefinitionId: text, principalId: guid },
    {
      principalType: choice('User', 'Group', 'ServicePrincipal'),
      description: text,
      condition: nothing('conditions are not available here'),
    },
  ),
});

export function roleRows({
  book,
  row,
  findPrincipal,
  isDirectoryElsewhere,
  now,
}: RoleRowOptions): readonly ControlRow[] {
  const at = (request: ControlRequest): string => {
    const { params } = request;
    if (params.name !== undefined) requireHsm(book.current, request);
    else if (params.group !== undefined) requireGroup(book.current, params.group);
    return scopeOfRequest(book.current, request);
  };
  const idOf = ({ params }: ControlRequest): string => guid(params.assignment ?? '', 'the name of a role assignment');
  const show = (assignment: RoleAssignment) => describeAssignment(book.current, assignment);

  const put = async (request: ControlRequest, callerOid: string) => {
    const id = idOf(request);
    const scope = at(request);
    const { roleDefinitionId, principalId, principalType, description } = readBody(request.body, 'body').properties;
    const role = requireRole(roleDefinitionId);
    const found =
      findPrincipal(principalId) ??
      (isDirectoryElsewhere && principalType !== undefined ? { type: principalType } : undefined);
    if (found === undefined) {
      throw new ControlError(400, 'PrincipalNotFound', `Principal ${principalId} does not exist in the directory.`);
    }
    if (principalType !== undefined && principalType !== found.type) {
      throw new ControlError(
        400,
        'UnmatchedPrincipalType',
        `Principal ${principalId} is a ${found.type}, not a ${principalType}.`,
      );
    }
    const made = await book.update(request, (resources) => {
      const asked = { id, scope, role: role.id, principalId, principalType: found.type };
      const same = resources.roleAssignments.find((each) => each.id === id);
      if (
        same !== undefined &&
        (Object.keys(asked) as (keyof typeof asked)[]).every((key) => same[key] === asked[key])
      ) {
        return { resources, result: same };
      }
      if (same !== undefined) {
        throw new ControlError(
          409,
          'RoleAssignmentUpdateNotPermitted',
          'Tenant ID, application ID, principal ID, and scope are not allowed to be updated.',
        );
      }
      if (
        resources.roleAssignments.some(
          (each) => each.scope === scope && each.role === role.id && each.principalId === principalId,
        )
      ) {
        throw new ControlError(409, 'RoleAssignmentExists', 'The role assignment already exists.');
      }
      if (resources.roleAssignments.length >= MAX_ROLE_ASSIGNMENTS) {
        throw new ControlError(
          400,
          'RoleAssignmentLimitExceeded',
          `There are ${MAX_ROLE_ASSIGNMENTS} role assignments already.`,
        );
      }
      const assignment: RoleAssignment = {
        ...asked,
        spelledScope: spelledScopeOfRequest(resources, request),
        ...(description === undefined ? {} : { description }),
        createdAt: new Date(now()).toISOString(),
        createdBy: callerOid,
      };
      return {
        resources: { ...resources, roleAssignments: [...resources.roleAssignments, assignment] },
        result: assignment,
      };
    });
    return { status: 201, json: show(made) };
  };

  const remove = async (request: ControlRequest) => {
    const id = idOf(request);
    const scope = at(request);
    const gone = await book.update(request, (resources) => {
      const assignment = resources.roleAssignments.find((each) => each.id === id && each.scope === scope);
      if (assignment === undefined) return { resources, result: undefined };
      const roleAssignments = resources.roleAssignments.filter((each) => each !== assignment);
      if (isOwnerOfAll(resources, assignment) && !roleAssignments.some((each) => isOwnerOfAll(resources, each))) {
        throw new ControlError(
          400,
          'LastOwner',
          'The last Owner of the subscription cannot be taken away: nobody could give roles then.',
        );
      }
      return { resources: { ...resources, roleAssignments }, result: assignment };
    });
    return gone === undefined ? { status: 204 } : { status: 200, json: show(gone) };
  };

  return [SUBSCRIPTION, GROUP, HSM].flatMap((scope) => {
    const one = `${scope}/${LIST}/:assignment`;
    return [
      row('GET', `${scope}/${LIST}`, `${TYPE}/read`, (request) => {
        const matches = matcherOf(request.query.get('$filter'), at(request), findPrincipal);
        return { status: 200, json: { value: book.current.roleAssignments.filter(matches).map(show) } };
      }),
      row('GET', one, `${TYPE}/read`, (request) => {
        const id = idOf(request);
        const scopeAsked = at(request);
        const found = book.current.roleAssignments.find((each) => each.id === id && each.scope === scopeAsked);
        if (found === undefined)
          throw new ControlError(404, 'RoleAssignmentNotFound', `The role assignment '${id}' is not found.`);
        return { status: 200, json: show(found) };
      }),
      row('PUT', one, `${TYPE}/write`, (request, { oid }) => put(request, oid)),
      row('DELETE', one, `${TYPE}/delete`, remove),
      row('GET', `${scope}/${DEFINITIONS}`, 'Microsoft.Authorization/roleDefinitions/read', ({ query }) => ({
        status: 200,
        json: { value: filterRoles(query.get('$filter')).map((role) => describeRole(book.current, role)) },
      })),
      row('GET', `${scope}/${DEFINITIONS}/:role`, 'Microsoft.Authorization/roleDefinitions/read', ({ params }) => {
        const role = findArmRole(params.role ?? '');
        if (role === undefined) throw roleNotFound(params.role ?? '');
        return { status: 200, json: describeRole(book.current, role) };
      }),
    ];
  });
}

function isOwnerOfAll(resources: Resources, { role, scope }: RoleAssignment): boolean {
  return role === OWNER && scope === scopeOf(resources, {});
}

function requireRole(id: string): ArmRoleDefinition {
  const match =
    /^(?:\/subscriptions\/[0-9a-f-]{36})?\/providers\/Microsoft\.Authorization\/roleDefinitions\/([0-9a-f-]{36})$/i.exec(
      id,
    );
  const role = findArmRole(match?.[1] ?? '');
  if (role === undefined) throw roleNotFound(id);
  return role;
}

function roleNotFound(id: string): ControlError {
  return new ControlError(
    404,
    'RoleDefinitionDoesNotExist',
    `There is no role '${id.slice(0, 200)}' in the management plane. Roles inside an HSM are given with 'az keyvault role assignment create'.`,
  );
}

function filterRoles(filter: string | null): readonly ArmRoleDefinition[] {
  if (filter === null || filter === '' || filter === 'atScopeAndBelow()') return ARM_ROLES;
  const name = /^roleName eq '([^']{1,128})'$/i.exec(filter)?.[1];
  if (name !== undefined) return ARM_ROLES.filter(({ roleName }) => roleName.toLowerCase() === name.toLowerCase());
  const type = /^type eq '(BuiltInRole|CustomRole)'$/i.exec(filter)?.[1];
  if (type !== undefined) return type.toLowerCase() === 'builtinrole' ? ARM_ROLES : [];
  throw new ControlError(400, 'InvalidFilter', "The filter is not one of: roleName eq '…', type eq '…'.");
}
