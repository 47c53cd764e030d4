// Why a caller may or may not do something: the grants that were looked at, the nearest one that would do, and who could
// give it. The decision itself is asked of the roles, so an explanation cannot differ from what the pipeline does.
import type { DataAction } from '../roles/data-actions.ts';
import { dataAction } from '../roles/data-actions.ts';
import type { Roles } from '../roles/evaluate.ts';
import { effectiveActions } from '../roles/grants.ts';
import type { RoleAssignment, RoleDefinition } from '../roles/role-records.ts';
import { covers, foldedScope, type Scope } from '../roles/scope.ts';

export interface Question {
  /** Object ids in lower case. */
  readonly principalId: string;
  /** Those of its token; only they count. */
  readonly groups: readonly string[];
  readonly dataAction: DataAction;
  readonly scope: Scope;
}

export type Verdict = 'allows' | 'lacksTheAction' | 'coversOtherScope' | 'definitionDeleted';

export interface ConsideredGrant {
  readonly assignment: string;
  readonly role: string;
  readonly scope: string;
  /** The caller itself, or the group that it holds the role through. */
  readonly through: string;
  readonly verdict: Verdict;
}

export interface Explanation {
  readonly decision: 'allow' | 'deny';
  /** Name of the assignment that the record of such a call names. */
  readonly grant?: string;
  readonly considered: readonly ConsideredGrant[];
  /** Absent when allowed, or when no role at all has the action. */
  readonly nearest?: { readonly role: string; readonly roleDefinition: string; readonly scope: string };
  /** Object ids of principals that may assign roles there, by assignments of their own. */
  readonly whoCanGrant: readonly string[];
}

const MOST_GRANTERS = 20;

export function explainAccess(question: Question, roles: Roles): Explanation {
  const { principalId, groups, dataAction: action, scope } = question;
  const grant = roles.isAllowed({ oid: principalId, groups }, action, scope)?.grant;
  const considered = [...new Set([principalId, ...groups])].flatMap((through) =>
    [...roles.assignmentsOf(through)].map((assignment) => consider(assignment, through, question, roles)),
  );
  const nearest = grant === undefined ? nearestRole(question, considered, roles) : undefined;
  return {
    decision: grant === undefined ? 'deny' : 'allow',
    ...(grant === undefined ? {} : { grant }),
    considered: considered.sort((a, b) => RANK[a.verdict] - RANK[b.verdict] || (a.assignment < b.assignment ? -1 : 1)),
    ...(nearest === undefined ? {} : { nearest }),
    whoCanGrant: whoCanGrant(scope, roles),
  };
}

/** Nearest first. */
const RANK: Readonly<Record<Verdict, number>> = {
  allows: 0,
  coversOtherScope: 1,
  lacksTheAction: 2,
  definitionDeleted: 3,
};

function consider(
  { name, definition, scope }: RoleAssignment,
  through: string,
  { dataAction: action, scope: wanted }: Question,
  roles: Roles,
): ConsideredGrant {
  const role = roles.definition(definition);
  const verdict =
    role === undefined
      ? 'definitionDeleted'
      : !effectiveActions(role).includes(action)
        ? 'lacksTheAction'
        : covers(scope, wanted)
          ? 'allows'
          : 'coversOtherScope';
  return { assignment: name, role: role?.roleName ?? definition, scope: scope.path, through, verdict };
}

/** A role that the caller holds elsewhere, else the one with the fewest rights that has the action; at the very scope asked for. */
function nearestRole(
  { dataAction: action, scope }: Question,
  considered: readonly ConsideredGrant[],
  roles: Roles,
): Explanation['nearest'] {
  const fitting = roles.definitions().filter((role) => effectiveActions(role).includes(action));
  const held = new Set(considered.filter(({ verdict }) => verdict === 'coversOtherScope').map(({ role }) => role));
  const [best] = [...fitting].sort(
    (a, b) => Number(held.has(b.roleName)) - Number(held.has(a.roleName)) || breadth(a) - breadth(b),
  );
  return best === undefined ? undefined : { role: best.roleName, roleDefinition: best.name, scope: scope.path };
}

function breadth(role: RoleDefinition): number {
  return effectiveActions(role).length;
}

function whoCanGrant(scope: Scope, roles: Roles): readonly string[] {
  const write = dataAction('roleAssignments/write/action');
  const granters = new Set<string>();
  for (const { principalId, scope: at, definition } of roles.assignments()) {
    if (granters.size >= MOST_GRANTERS) break;
    if (!scope.covering.includes(foldedScope(at))) continue;
    const role = roles.definition(definition);
    if (role !== undefined && effectiveActions(role).includes(write)) granters.add(principalId);
  }
  return [...granters].sort();
}
