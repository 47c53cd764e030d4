// The Graph look-ups that role commands and `az ad` make. Read-only: the directory is changed in its file.
import { list, record, ShapeError, text } from '../../formats/shape.ts';
import { type Authenticate, ControlError, type ControlRequest, type ControlRow } from '../../http/control-row.ts';
import type { Directory } from './directory.ts';
import { everybody, findByObjectId, findUser, type Principal } from './find-principal.ts';

type Answer = Readonly<Record<string, unknown>>;

/** Which principals are in a set, and the members that it can be filtered by. */
const SETS: readonly (readonly [set: string, kinds: readonly Principal['kind'][], by: readonly string[]])[] = [
  ['users', ['user'], ['userPrincipalName', 'displayName', 'id']],
  ['groups', ['group'], ['displayName', 'id']],
  ['servicePrincipals', ['application', 'managed identity'], ['servicePrincipalNames', 'appId', 'displayName', 'id']],
];

export function graphRows(directory: Directory, authenticate: Authenticate): readonly ControlRow[] {
  const row = (
    method: 'GET' | 'POST',
    path: string,
    find: (request: ControlRequest, callerOid: string) => Answer,
  ): ControlRow => ({
    host: 'graph',
    method,
    path: `/v1.0${path}`,
    body: method === 'POST' ? 'json' : 'none',
    async handle(request) {
      const { oid } = await authenticate(request);
      return { json: find(request, oid) };
    },
  });
  return [
    row('POST', '/directoryObjects/getByIds', ({ body }) => ({ value: findByIds(directory, body) })),
    row('GET', '/me', (_request, callerOid) => {
      const principal = findByObjectId(directory, callerOid);
      if (principal?.kind === 'user') return graphObject(principal);
      throw new ControlError(400, 'BadRequest', '/me request is only valid with delegated authentication flow.');
    }),
    ...SETS.flatMap(([set, kinds, by]) => [
      row('GET', `/${set}`, ({ names, query }) => {
        const inSet = everybody(directory).filter(({ kind }) => kinds.includes(kind));
        const objects = inSet.map(graphObject);
        const filter = query.get('$filter');
        return {
          '@odata.context': `${names.graph}/v1.0/$metadata#${set}`,
          value: filter === null ? objects : objects.filter((object) => matches(object, filter, by)),
        };
      }),
      row('GET', `/${set}/:id`, ({ params: { id = '' } }) => {
        // A user is asked for by name, too.
        const oid = set === 'users' ? findUser(directory, id)?.oid : id;
        const principal = findByObjectId(directory, oid ?? '');
        if (principal === undefined || !kinds.includes(principal.kind)) throw notFound(id);
        return graphObject(principal);
      }),
    ]),
    row('GET', '/groups/:id/members', ({ params: { id = '' } }) => {
      const principal = findByObjectId(directory, id);
      if (principal?.kind !== 'group') throw notFound(id);
      return { value: findAll(directory, principal.members) };
    }),
  ];
}

// The few `$filter` forms that the command line sends. Anything else is refused, never half understood.
const EQUALS = /^(?<member>\w{1,64})\s+eq\s+'(?<value>(?:[^']|''){0,256})'$/;
const ANY_EQUALS =
  /^(?<member>\w{1,64})\/any\((?<each>\w{1,8})\s*:\s*\k<each>\s+eq\s+'(?<value>(?:[^']|''){0,256})'\)$/;

/** `member eq 'value'` and `member/any(c:c eq 'value')`, the member being one of `allowed`. @throws ControlError 400 */
function parseFilter(text: string, allowed: readonly string[]) {
  const { member = '', value = '' } = (EQUALS.exec(text) ?? ANY_EQUALS.exec(text))?.groups ?? {};
  if (allowed.includes(member)) return { member, value: value.replaceAll("''", "'") };
  throw new ControlError(400, 'Request_UnsupportedQuery', 'This filter clause is not supported.');
}

function matches(object: Answer, filter: string, members: readonly string[]): boolean {
  const { member, value } = parseFilter(filter, members);
  const wanted = value.toLowerCase();
  const actual = object[member];
  return (Array.isArray(actual) ? actual : [actual]).some(
    (each) => typeof each === 'string' && each.toLowerCase() === wanted,
  );
}

const readIds = record({ ids: list(text, 1000) }, { types: list(text, 20) });
const TYPES: Readonly<Record<Principal['kind'], string>> = {
  user: 'user',
  group: 'group',
  application: 'servicePrincipal',
  'managed identity': 'servicePrincipal',
};

function findByIds(directory: Directory, body: unknown): readonly Answer[] {
  try {
    const { ids, types } = readIds(body, 'body');
    return findAll(directory, ids, types);
  } catch (cause) {
    if (!(cause instanceof ShapeError)) throw cause;
    throw new ControlError(400, 'Request_BadRequest', cause.message, { cause });
  }
}

/** Unknown ids are simply absent from the answer. */
function findAll(directory: Directory, ids: readonly string[], types?: readonly string[]): readonly Answer[] {
  return ids.flatMap((id) => {
    const principal = findByObjectId(directory, id);
    if (principal === undefined || (types !== undefined && !types.includes(TYPES[principal.kind]))) return [];
    return [graphObject(principal)];
  });
}

function notFound(id: string): ControlError {
  const message = `Resource '${id.slice(0, 100)}' does not exist or one of its queried reference-property objects are not present.`;
  return new ControlError(404, 'Request_ResourceNotFound', message);
}

/** In the shape of Microsoft Graph v1.0. */
function graphObject(principal: Principal): Answer {
  const { kind, oid: id, displayName } = principal;
  const named = (type: string) => ({ '@odata.type': `#microsoft.graph.${type}`, id });
  switch (kind) {
    case 'user':
      return {
        ...named('user'),
        displayName,
        userPrincipalName: principal.upn,
        mail: null,
        accountEnabled: true,
      };
    case 'group':
      return { ...named('group'), displayName, securityEnabled: true, mailEnabled: false };
    case 'application':
    case 'managed identity': {
      const appId = kind === 'application' ? principal.appId : principal.clientId;
      return {
        ...named('servicePrincipal'),
        appId,
        displayName,
        appDisplayName: displayName,
        servicePrincipalNames: [appId],
        servicePrincipalType: kind === 'application' ? 'Application' : 'ManagedIdentity',
        accountEnabled: true,
      };
    }
  }
}
