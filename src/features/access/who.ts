// Who could use a key: every assignment that gives a right to it, by whom it was used, and what is more than that. The decision
// itself is asked of nobody here: these are the records that it is made from, and what the log says of it.
import { isoTime } from '../../formats/iso-time.ts';
import type { Use } from '../audit/index/usage.ts';
import type { LoggedCall } from '../audit/logged-call.ts';
import { type DataAction, dataAction } from '../roles/data-actions.ts';
import type { Roles } from '../roles/evaluate.ts';
import { effectiveActions } from '../roles/grants.ts';
import type { RoleAssignment } from '../roles/role-records.ts';
import { covers, foldedScope, keyScope } from '../roles/scope.ts';
import { countOf, sumOf } from '../usage/uses.ts';
import { type Narrower, narrowerGrant } from './narrower.ts';

export type GrantToKey = ReturnType<typeof grantToKey>;

/** What the log says of the time that was looked at. */
export interface LoggedUse {
  readonly uses: readonly Use[];
  readonly made: ReadonlyMap<string, MadeGrant>;
}

export interface MadeGrant {
  readonly at: string;
  /** Object id. */
  readonly by: string;
  /** As the client said: `User`, `Group`, `ServicePrincipal`. */
  readonly principalType?: string | undefined;
}

/** By these a key itself is put to use, or leaves; by the others at a key it is read, changed or deleted. */
const USING: ReadonlySet<DataAction> = new Set(
  (['encrypt', 'decrypt', 'wrap', 'unwrap', 'sign', 'verify', 'derive', 'release', 'backup', 'export'] as const).map(
    (each) => dataAction(`keys/${each}/action`),
  ),
);
/** They are asked for at `/keys`, of no key that there is. */
const OF_NO_KEY: ReadonlySet<DataAction> = new Set(
  (['keys/create', 'keys/createIfNotExists', 'keys/import/action', 'keys/restore/action'] as const).map(dataAction),
);

/** Those by which the key could be used first, then by principal. @param logged absent: the log was not looked at */
export function whoCan(name: string, roles: Roles, logged: LoggedUse | undefined): readonly GrantToKey[] {
  const at = keyScope(name);
  // Each sum is looked at once, however many grants there are.
  const byGrant = logged && Map.groupBy(logged.uses.filter(isAllowed), ({ facets }) => facets.grant);
  return [...roles.assignments()]
    .filter((each) => covers(each.scope, at) && !roles.hasEnded(each))
    .map((each) => grantToKey(each, name, roles, logged?.made, byGrant && (byGrant.get(each.name) ?? [])))
    .filter(({ dataActions }) => dataActions.length > 0)
    .sort((a, b) => Number(b.canUse) - Number(a.canUse) || (order(a) < order(b) ? -1 : 1));
}

function isAllowed({ facets }: Use): boolean {
  return facets.decision === 'allow';
}

function order({ principalId, assignment }: GrantToKey): string {
  return `${principalId} ${assignment}`;
}

/** @param used of the grant; absent: the log was not looked at */
function grantToKey(
  grant: RoleAssignment,
  key: string,
  roles: Roles,
  grantsMade: LoggedUse['made'] | undefined,
  used: readonly Use[] | undefined,
) {
  const { name, principalId, definition, scope, expiresAt, reason } = grant;
  const role = roles.definition(definition);
  const actions = role === undefined ? [] : effectiveActions(role);
  const dataActions = actions.filter((each) => /managedHsm\/keys\//.test(each) && !OF_NO_KEY.has(each));
  const made = grantsMade?.get(name);
  const uses = used?.map(({ facets, ...rest }) => ({ ...rest, ...facets }));
  const here = foldedScope(keyScope(key));
  return {
    principalId,
    /** `group`: others were let in by it, as only members of a group are; `caller`: it was let in itself; else the client's word. */
    kind: kindOf(principalId, uses) ?? made?.principalType,
    assignment: name,
    role: role?.roleName ?? definition,
    roleDefinition: definition,
    scope: scope.path,
    inherited: foldedScope(scope) !== here,
    dataActions,
    canUse: dataActions.some((each) => USING.has(each)),
    since: made?.at,
    by: made?.by,
    until: expiresAt === undefined ? undefined : isoTime(expiresAt),
    reason,
    /** By anybody whom it let in, at this key and anywhere; null: not in the time looked at. Absent: the log was not looked at. */
    usedHere: uses && total(uses.filter((use) => use.scope.toLowerCase() === here)),
    used: uses && total(uses),
    /** Callers that were let in by it. */
    callers: uses && [...new Set(uses.map(({ caller }) => caller))].sort(),
    narrower: uses && narrowerGrant({ actions, scope, definition }, uses, roles.definitions()),
  } satisfies Readonly<Record<string, unknown>> & { readonly narrower: Narrower | undefined };
}

function kindOf(principalId: string, uses: readonly UseBy[] | undefined): 'group' | 'caller' | undefined {
  if (uses === undefined || uses.length === 0) return undefined;
  return uses.some(({ caller }) => caller !== principalId) ? 'group' : 'caller';
}

type UseBy = Omit<Use, 'facets'> & Use['facets'];

function total(uses: readonly UseBy[]) {
  const counts = uses.map((use) => countOf({ ...use, facets: use })).filter((each) => each !== undefined);
  if (counts.length === 0) return null;
  const { count, first, last } = counts.reduce(sumOf);
  return { count, first, last, operations: [...new Set(uses.map(({ operation }) => operation))].sort() };
}

/** Adds what an entry says of an assignment that was made. */
export function addMade(made: Map<string, MadeGrant>, { operation, code, detail, time, caller }: LoggedCall): void {
  if (operation !== 'RoleAssignmentCreate' || code !== 'OK' || caller === undefined) return;
  const { assignment, principalType } = detail ?? {};
  if (typeof assignment !== 'string') return;
  made.set(assignment, {
    at: time,
    by: caller.objectId,
    principalType: typeof principalType === 'string' ? principalType : undefined,
  });
}
