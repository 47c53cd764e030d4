// Rows of Microsoft.Authorization: which roles there are, and giving and taking them at the subscription, a group or an HSM.
// A role given here reaches resources; the roles inside an HSM have rows of their own in the HSM itself.
import { guid, text } from '../../../formats/shape.ts';
import { ControlError, type ControlRequest, type ControlRow } from '../../../http/control-row.ts';
import { choice, members, nothing } from '../../../http/management-shape.ts';
import { GROUP, type Handle, HSM, type MakeRow, type Management, SUBSCRIPTION } from '../arm-row.ts';
import { requireGroup, requireHsm } from '../find.ts';
import { MAX_ROLE_ASSIGNMENTS, OWNER, type Resources, type RoleAssignment } from '../resources.ts';
import { ASSIGNMENTS, describeAssignment, matcherOf } from './role-assignments.ts';
import { describeRole, filterRoles, findArmRole, refuseRole, requireRole } from './role-definitions.ts';
import { scopeOf, scopeOfRequest, spelledScopeOfRequest } from './scope.ts';

const DEFINITIONS = 'Microsoft.Authorization/roleDefinitions';
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

export function roleRows(
  { book, findPrincipal, isDirectoryElsewhere, now }: Management,
  row: MakeRow,
): readonly ControlRow[] {
  const at = (request: ControlRequest): string => {
    const { params } = request;
    if (params.name !== undefined) requireHsm(book.current, request);
    else if (params.group !== undefined) requireGroup(book.current, params.group);
    return scopeOfRequest(book.current, request);
  };
  /** Id and scope by which the path names an assignment, and whether one is it. */
  const named = (request: ControlRequest) => {
    const id = guid(request.params.assignment ?? '', 'the name of a role assignment');
    const scope = at(request);
    return { id, scope, isIt: (each: RoleAssignment) => each.id === id && each.scope === scope };
  };
  const show = (assignment: RoleAssignment) => describeAssignment(book.current, assignment);

  const put: Handle = async (request, { oid }) => {
    const { id, scope } = named(request);
    const { roleDefinitionId, principalId, principalType, description } = readBody(request.body, 'body').properties;
    const { id: role } = requireRole(roleDefinitionId);
    const stated = isDirectoryElsewhere && principalType !== undefined ? { type: principalType } : undefined;
    const found = findPrincipal(principalId) ?? stated;
    if (found === undefined) {
      throw new ControlError(400, 'PrincipalNotFound', `Principal ${principalId} does not exist in the directory.`);
    }
    if (principalType !== undefined && principalType !== found.type) {
      const message = `Principal ${principalId} is a ${found.type}, not a ${principalType}.`;
      throw new ControlError(400, 'UnmatchedPrincipalType', message);
    }
    const made = await book.update(request, (resources) => {
      const { roleAssignments: all } = resources;
      const asked = { id, scope, role, principalId, principalType: found.type };
      const same = all.find((each) => each.id === id);
      if (same !== undefined) {
        const isSame = (Object.keys(asked) as (keyof typeof asked)[]).every((key) => same[key] === asked[key]);
        if (isSame) return { resources, result: same };
        throw new ControlError(
          409,
          'RoleAssignmentUpdateNotPermitted',
          'Tenant ID, application ID, principal ID, and scope are not allowed to be updated.',
        );
      }
      if (all.some((each) => each.scope === scope && each.role === role && each.principalId === principalId)) {
        throw new ControlError(409, 'RoleAssignmentExists', 'The role assignment already exists.');
      }
      if (all.length >= MAX_ROLE_ASSIGNMENTS) {
        const message = `There are ${MAX_ROLE_ASSIGNMENTS} role assignments already.`;
        throw new ControlError(400, 'RoleAssignmentLimitExceeded', message);
      }
      const result: RoleAssignment = {
        ...asked,
        spelledScope: spelledScopeOfRequest(resources, request),
        ...(description === undefined ? {} : { description }),
        createdAt: new Date(now()).toISOString(),
        createdBy: oid,
      };
      return { resources: { ...resources, roleAssignments: [...all, result] }, result };
    });
    return { status: 201, json: show(made) };
  };

  const remove: Handle = async (request) => {
    const { isIt } = named(request);
    const gone = await book.update(request, (resources) => {
      const result = resources.roleAssignments.find(isIt);
      if (result === undefined) return { resources, result };
      const roleAssignments = resources.roleAssignments.filter((each) => each !== result);
      const isOwner = isOwnerOfAll(resources);
      if (isOwner(result) && !roleAssignments.some(isOwner)) {
        const message = 'The last Owner of the subscription cannot be taken away: nobody could give roles then.';
        throw new ControlError(400, 'LastOwner', message);
      }
      return { resources: { ...resources, roleAssignments }, result };
    });
    return gone === undefined ? { status: 204 } : { json: show(gone) };
  };

  return [SUBSCRIPTION, GROUP, HSM].flatMap((scope) => {
    const all = `${scope}/providers/${ASSIGNMENTS}`;
    const definitions = `${scope}/providers/${DEFINITIONS}`;
    return [
      row('GET', all, `${ASSIGNMENTS}/read`, (request) => {
        const matches = matcherOf(request.query.get('$filter'), at(request), findPrincipal);
        return { json: { value: book.current.roleAssignments.filter(matches).map(show) } };
      }),
      row('GET', `${all}/:assignment`, `${ASSIGNMENTS}/read`, (request) => {
        const { id, isIt } = named(request);
        const found = book.current.roleAssignments.find(isIt);
        if (found !== undefined) return { json: show(found) };
        throw new ControlError(404, 'RoleAssignmentNotFound', `The role assignment '${id}' is not found.`);
      }),
      row('PUT', `${all}/:assignment`, `${ASSIGNMENTS}/write`, put),
      row('DELETE', `${all}/:assignment`, `${ASSIGNMENTS}/delete`, remove),
      row('GET', definitions, `${DEFINITIONS}/read`, ({ query }) => {
        const value = filterRoles(query.get('$filter')).map((role) => describeRole(book.current, role));
        return { json: { value } };
      }),
      row('GET', `${definitions}/:role`, `${DEFINITIONS}/read`, ({ params: { role = '' } }) => ({
        json: describeRole(book.current, findArmRole(role) ?? refuseRole(role)),
      })),
    ];
  });
}

function isOwnerOfAll(resources: Resources): (assignment: RoleAssignment) => boolean {
  return ({ role, scope }) => role === OWNER && scope === scopeOf(resources, {});
}
