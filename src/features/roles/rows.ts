// The rows of role definitions and assignments, at each of the three scopes that a path can name.
import { nextLinkWith, readSkipToken } from '../../http/paging.ts';
import type { Principal } from '../../http/principal.ts';
import { type AnyRow, type Row, type RowRequest, row } from '../../http/route.ts';
import { requireKeyName } from '../keys/key-name.ts';
import { deleteAssignment, getAssignment, listAssignments } from './assignments.ts';
import { type DataAction, dataAction } from './data-actions.ts';
import { deleteDefinition, getDefinition, listDefinitions, putDefinition } from './definitions.ts';
import { assignmentDetail, definitionDetail } from './entry-details.ts';
import type { Roles } from './evaluate.ts';
import { putAssignment } from './put-assignment.ts';
import { readAssignmentBody, readDefinitionBody } from './read-bodies.ts';
import type { RoleChanges } from './role-changes.ts';
import { KEYS_SCOPE, keyScope, ROOT_SCOPE, type Scope } from './scope.ts';
import type { SeparationRules } from './separation-rules.ts';

type Params = RowRequest<unknown>['params'];

interface ScopeForm {
  readonly prefix: string;
  readonly scope: Row['scope'];
  readonly of: (params: Params) => Scope;
}

const scopeForms: readonly ScopeForm[] = [
  { prefix: '', scope: 'root', of: () => ROOT_SCOPE },
  { prefix: '/keys', scope: 'keys', of: () => KEYS_SCOPE },
  { prefix: '/keys/:name', scope: 'key', of: (params) => keyScope(requireKeyName(params['name'])) },
];

interface RoleService {
  readonly roles: Roles;
  readonly now: () => number;
  /** For this caller. */
  readonly duties: (caller: Principal) => SeparationRules;
}

export function roleRows(service: RoleService): readonly AnyRow[] {
  return scopeForms.flatMap((form) => [...definitionRows(form, service), ...assignmentRows(form, service)]);
}

/** What one request may change, and as whom. */
function changesOf(
  { roles, now, duties }: RoleService,
  { commit, principal }: Pick<RowRequest<unknown>, 'commit' | 'principal'>,
): RoleChanges {
  return { roles, commit, now, duties: duties(principal) };
}

function definitionRows({ prefix, scope, of }: ScopeForm, service: RoleService): AnyRow[] {
  const { roles } = service;
  const list = `${prefix}/providers/Microsoft.Authorization/roleDefinitions`;
  const one = `${list}/:guid`;
  return [
    row({
      ...common('GET', list, scope, 'RoleDefinitionList', 'listDefinitions'),
      handle: ({ query }) => listDefinitions({ filter: query.get('$filter') }, { roles }),
    }),
    row({
      ...common('GET', one, scope, 'RoleDefinitionGet', 'getDefinition'),
      handle: ({ params }) => getDefinition({ name: params['guid'] ?? '' }, { roles }),
    }),
    row({
      ...common('PUT', one, scope, 'RoleDefinitionCreate', 'putDefinition'),
      readBody: readDefinitionBody,
      asked({ params, body }) {
        const name = (params['guid'] ?? '').toLowerCase();
        return definitionDetail(name, roles.definition(name), { name, type: 'CustomRole', ...body });
      },
      handle: (request) => {
        const { params, body, grantHeaders } = request;
        const put = { scope: of(params), name: params['guid'] ?? '', body, grantHeaders: grantHeaders() };
        return putDefinition(put, changesOf(service, request));
      },
    }),
    row({
      ...common('DELETE', one, scope, 'RoleDefinitionDelete', 'deleteDefinition'),
      asked({ params }) {
        const name = (params['guid'] ?? '').toLowerCase();
        return definitionDetail(name, roles.definition(name), undefined);
      },
      handle: (request) => {
        const { params, grantHeaders } = request;
        const gone = { scope: of(params), name: params['guid'] ?? '', grantHeaders: grantHeaders() };
        return deleteDefinition(gone, changesOf(service, request));
      },
    }),
  ];
}

function assignmentRows({ prefix, scope, of }: ScopeForm, service: RoleService): AnyRow[] {
  const { roles } = service;
  const list = `${prefix}/providers/Microsoft.Authorization/roleAssignments`;
  const one = `${list}/:guid`;
  return [
    row({
      ...common('GET', list, scope, 'RoleAssignmentList', 'listAssignments'),
      handle({ params, query, origin }) {
        const at = of(params);
        const filter = query.get('$filter');
        const path = `${at.path === '/' ? '' : at.path}/providers/Microsoft.Authorization/roleAssignments`;
        const nextLink = (after: string): string =>
          nextLinkWith(`${origin}${path}`, filter === undefined ? {} : { $filter: filter }, after);
        return listAssignments({ scope: at, filter, after: readSkipToken(query), nextLink }, { roles });
      },
    }),
    row({
      ...common('GET', one, scope, 'RoleAssignmentGet', 'getAssignment'),
      handle: ({ params }) => getAssignment({ scope: of(params), name: params['guid'] ?? '' }, { roles }),
    }),
    row({
      ...common('PUT', one, scope, 'RoleAssignmentCreate', 'putAssignment'),
      readBody: readAssignmentBody,
      asked: ({ params, body }) =>
        assignmentDetail({ ...body, name: params['guid'] ?? '', scope: of(params) }, roles, body.principalType),
      handle: (request) => {
        const { params, body, grantHeaders } = request;
        const put = { scope: of(params), name: params['guid'] ?? '', body, grantHeaders: grantHeaders() };
        return putAssignment(put, changesOf(service, request));
      },
    }),
    row({
      ...common('DELETE', one, scope, 'RoleAssignmentDelete', 'deleteAssignment'),
      asked({ params }) {
        const name = (params['guid'] ?? '').toLowerCase();
        const assignment = roles.assignment(name);
        return assignment === undefined ? { assignment: name } : assignmentDetail(assignment, roles);
      },
      handle: (request) =>
        deleteAssignment(
          { scope: of(request.params), name: request.params['guid'] ?? '' },
          changesOf(service, request),
        ),
    }),
  ];
}

function common<M extends Row['method']>(
  method: M,
  path: string,
  scope: Row['scope'],
  operationName: string,
  operation: RoleOperation,
): { method: M } & Pick<Row, 'path' | 'scope' | 'operationName' | 'dataAction' | 'activation' | 'repeatable'> {
  return {
    method,
    path,
    scope,
    operationName,
    dataAction: roleAccess[operation],
    activation: 'active',
    // PUT names what it makes and DELETE what it removes, but their second answer is another.
    repeatable: method === 'GET',
  };
}

// What each role operation asks of the roles. All are evaluated at the scope that the path names before `/providers`.

type RoleOperation =
  | 'listDefinitions'
  | 'getDefinition'
  | 'putDefinition'
  | 'deleteDefinition'
  | 'listAssignments'
  | 'getAssignment'
  | 'putAssignment'
  | 'deleteAssignment';

const roleAccess: Readonly<Record<RoleOperation, DataAction>> = {
  listDefinitions: dataAction('roleDefinitions/read/action'),
  getDefinition: dataAction('roleDefinitions/read/action'),
  putDefinition: dataAction('roleDefinitions/write/action'),
  deleteDefinition: dataAction('roleDefinitions/delete/action'),
  listAssignments: dataAction('roleAssignments/read/action'),
  getAssignment: dataAction('roleAssignments/read/action'),
  putAssignment: dataAction('roleAssignments/write/action'),
  deleteAssignment: dataAction('roleAssignments/delete/action'),
};
