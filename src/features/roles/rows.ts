// The rows of role definitions and assignments, at each of the three scopes that a path can name.
import { nextLinkWith, readSkipToken } from '../../http/paging.ts';
import type { Principal } from '../../http/principal.ts';
import { type AnyRow, type Row, type RowRequest, row } from '../../http/route.ts';
import { requireKeyName } from '../keys/key-name.ts';
import { deleteAssignment, getAssignment, listAssignments } from './assignments.ts';
import { dataAction, type ShortDataAction } from './data-actions.ts';
import { deleteDefinition, getDefinition, listDefinitions, putDefinition } from './definitions.ts';
import { assignmentDetail, definitionDetail } from './entry-details.ts';
import type { Roles } from './evaluate.ts';
import { putAssignment } from './put-assignment.ts';
import { readAssignmentBody, readDefinitionBody } from './read-bodies.ts';
import type { Named, RoleChanges } from './role-changes.ts';
import { KEYS_SCOPE, keyScope, ROOT_SCOPE, type Scope } from './scope.ts';
import type { SeparationRules } from './separation-rules.ts';

type Asked = Pick<RowRequest<unknown>, 'params'>;

interface ScopeForm {
  readonly prefix: string;
  readonly scope: Row['scope'];
  readonly of: (asked: Asked) => Scope;
}

const scopeForms: readonly ScopeForm[] = [
  { prefix: '', scope: 'root', of: () => ROOT_SCOPE },
  { prefix: '/keys', scope: 'keys', of: () => KEYS_SCOPE },
  { prefix: '/keys/:name', scope: 'key', of: ({ params }) => keyScope(requireKeyName(params['name'])) },
];

const PROVIDER = '/providers/Microsoft.Authorization';

/** What each asks of the roles, at the scope that its path names before the provider. */
const operations = {
  RoleDefinitionList: ['GET', 'roleDefinitions', 'roleDefinitions/read/action'],
  RoleDefinitionGet: ['GET', 'roleDefinitions/:guid', 'roleDefinitions/read/action'],
  RoleDefinitionCreate: ['PUT', 'roleDefinitions/:guid', 'roleDefinitions/write/action'],
  RoleDefinitionDelete: ['DELETE', 'roleDefinitions/:guid', 'roleDefinitions/delete/action'],
  RoleAssignmentList: ['GET', 'roleAssignments', 'roleAssignments/read/action'],
  RoleAssignmentGet: ['GET', 'roleAssignments/:guid', 'roleAssignments/read/action'],
  RoleAssignmentCreate: ['PUT', 'roleAssignments/:guid', 'roleAssignments/write/action'],
  RoleAssignmentDelete: ['DELETE', 'roleAssignments/:guid', 'roleAssignments/delete/action'],
} as const satisfies Record<string, readonly [Row['method'], string, ShortDataAction]>;

interface RoleService {
  readonly roles: Roles;
  readonly now: () => number;
  /** For this caller. */
  readonly duties: (caller: Principal) => SeparationRules;
}

export function roleRows(service: RoleService): readonly AnyRow[] {
  return scopeForms.flatMap((form) => rowsAt(form, service));
}

function rowsAt({ prefix, scope, of }: ScopeForm, { roles, now, duties }: RoleService): readonly AnyRow[] {
  // PUT names what it makes and DELETE what it removes, but their second answer is another: neither may be repeated.
  const head = (operationName: keyof typeof operations) => {
    const [method, path, right] = operations[operationName];
    return { method, path: `${prefix}${PROVIDER}/${path}`, scope, operationName, dataAction: dataAction(right) };
  };
  const named = (asked: Asked): Named => ({ scope: of(asked), name: asked.params['guid'] ?? '' });
  /** As it is kept, whatever way it is spelled. */
  const folded = (asked: Asked): string => named(asked).name.toLowerCase();
  /** What one request may change, and as whom. */
  const changes = ({ commit, principal }: Pick<RowRequest<unknown>, 'commit' | 'principal'>): RoleChanges => ({
    roles,
    commit,
    now,
    duties: duties(principal),
  });
  return [
    row({
      ...head('RoleDefinitionList'),
      handle: ({ query }) => listDefinitions({ filter: query.get('$filter') }, { roles }),
    }),
    row({ ...head('RoleDefinitionGet'), handle: (request) => getDefinition(named(request), { roles }) }),
    row({
      ...head('RoleDefinitionCreate'),
      readBody: readDefinitionBody,
      asked({ params, body }) {
        const name = folded({ params });
        return definitionDetail(name, roles.definition(name), { name, type: 'CustomRole', ...body });
      },
      handle(request) {
        const { body, grantHeaders } = request;
        return putDefinition({ ...named(request), body, grantHeaders: grantHeaders() }, changes(request));
      },
    }),
    row({
      ...head('RoleDefinitionDelete'),
      asked: (request) => definitionDetail(folded(request), roles.definition(folded(request)), undefined),
      handle: (request) =>
        deleteDefinition({ ...named(request), grantHeaders: request.grantHeaders() }, changes(request)),
    }),
    row({
      ...head('RoleAssignmentList'),
      handle(request) {
        const { query, origin } = request;
        const at = of(request);
        const filter = query.get('$filter');
        const list = `${origin}${at.path === '/' ? '' : at.path}${PROVIDER}/roleAssignments`;
        const nextLink = (after: string): string =>
          nextLinkWith(list, filter === undefined ? {} : { $filter: filter }, after);
        return listAssignments({ scope: at, filter, after: readSkipToken(query), nextLink }, { roles });
      },
    }),
    row({ ...head('RoleAssignmentGet'), handle: (request) => getAssignment(named(request), { roles }) }),
    row({
      ...head('RoleAssignmentCreate'),
      readBody: readAssignmentBody,
      asked: ({ params, body }) => assignmentDetail({ ...body, ...named({ params }) }, roles, body.principalType),
      handle(request) {
        const { body, grantHeaders } = request;
        return putAssignment({ ...named(request), body, grantHeaders: grantHeaders() }, changes(request));
      },
    }),
    row({
      ...head('RoleAssignmentDelete'),
      asked(request) {
        const assignment = roles.assignment(folded(request));
        return assignment === undefined ? { assignment: folded(request) } : assignmentDetail(assignment, roles);
      },
      handle: (request) => deleteAssignment(named(request), changes(request)),
    }),
  ];
}
