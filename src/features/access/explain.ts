// Why a caller may or may not do something: the grants that were looked at, the nearest role that would do, and who could
// give it. The decision itself is asked of the roles, so an explanation cannot differ from what the pipeline does.
import { given } from '../../formats/given.ts';
import { type DataAction, dataAction } from '../roles/data-actions.ts';
import type { Roles } from '../roles/evaluate.ts';
import { effectiveActions } from '../roles/grants.ts';
import type { RoleAssignment } from '../roles/role-records.ts';
import { covers, foldedScope, type Scope } from '../roles/scope.ts';

export interface Question {
  /** Object ids in lower case. */
  readonly principalId: string;
  /** Those of its token; only they count. */
  readonly groups: readonly string[];
  /** Client id of the token: no principal, and yet assignments are made for it. */
  readonly applicationId?: string | undefined;
  /** Absent: not known; taken for a person. */
  readonly idType?: 'app' | 'user' | undefined;
  readonly dataAction: DataAction;
  readonly scope: Scope;
}

/** Nearest first. */
const VERDICTS = [
  'allows',
  'expired',
  'withheldFromApplications',
  'coversOtherScope',
  'lacksTheAction',
  'definitionDeleted',
] as const;
type Verdict = (typeof VERDICTS)[number];
type ConsideredGrant = ReturnType<typeof consider>;

export interface Explanation {
  readonly decision: 'allow' | 'deny';
  /** Name of the assignment that the record of such a call names. */
  readonly grant?: string | undefined;
  /** Nearest first, `MOST_CONSIDERED` at most. */
  readonly considered: readonly ConsideredGrant[];
  /** Assignments that the one who asks may see and that are not in the list, which has room for so many. */
  readonly notShown: number;
  /** An assignment for the client id of the caller's application instead of its object id: it never counts. */
  readonly forClientId?: string | undefined;
  /** Absent when allowed, or when no role can give the action to such a caller. */
  readonly nearest?: { readonly role: string; readonly roleDefinition: string; readonly scope: string } | undefined;
  /** Object ids of principals that may assign roles there, by assignments of their own. */
  readonly whoCanGrant: readonly string[];
  /** Duties are separated: of `whoCanGrant` only people can. The instance knows no directory, and leaves no application out. */
  readonly onlyPeopleGrant: boolean;
}

export const MOST_CONSIDERED = 100;
const MOST_GRANTERS = 20;
const MAKE_BY_RESOURCE_MANAGER = dataAction('keys/createIfNotExists');

/** @param maySee which assignments may be shown to the one who asks; the decision rests on all of them */
export function explainAccess(
  question: Question,
  roles: Roles,
  maySee: (assignment: RoleAssignment) => boolean = () => true,
): Explanation {
  const { principalId, groups, idType, dataAction: action, scope } = question;
  const grant = roles.isAllowed({ oid: principalId, groups, idType }, action, scope)?.grant;
  const considered = [...new Set([principalId, ...groups])]
    .flatMap((through) => [...roles.assignmentsOf(through)].map((assignment) => ({ assignment, through })))
    .filter(({ assignment }) => maySee(assignment))
    .map(({ assignment, through }) => consider(assignment, through, question, roles))
    .sort(
      (a, b) => VERDICTS.indexOf(a.verdict) - VERDICTS.indexOf(b.verdict) || (a.assignment < b.assignment ? -1 : 1),
    );
  const shown = considered.slice(0, MOST_CONSIDERED);
  return {
    decision: grant === undefined ? 'deny' : 'allow',
    grant,
    considered: shown,
    notShown: considered.length - shown.length,
    forClientId: forClientId(question, roles, maySee),
    nearest: grant === undefined ? nearestRole(question, considered, roles) : undefined,
    whoCanGrant: whoCanGrant(question, roles, maySee),
    onlyPeopleGrant: roles.isStrict,
  };
}

function forClientId(
  { applicationId, principalId }: Question,
  roles: Roles,
  maySee: (assignment: RoleAssignment) => boolean,
): string | undefined {
  const id = applicationId?.toLowerCase();
  return id === undefined || id === principalId ? undefined : [...roles.assignmentsOf(id)].find(maySee)?.name;
}

function consider(assignment: RoleAssignment, through: string, question: Question, roles: Roles) {
  const { name, definition, scope, expiresAt } = assignment;
  return given({
    assignment: name,
    role: roles.definition(definition)?.roleName ?? definition,
    scope: scope.path,
    /** The caller itself, or the group that it holds the role through. */
    through,
    verdict: verdictOn(assignment, question, roles),
    /** Unix seconds. */
    expiresAt,
  });
}

function verdictOn(assignment: RoleAssignment, question: Question, roles: Roles): Verdict {
  const { dataAction: action, scope, idType } = question;
  const role = roles.definition(assignment.definition);
  if (role === undefined) return 'definitionDeleted';
  if (!effectiveActions(role).includes(action)) return 'lacksTheAction';
  if (!covers(assignment.scope, scope)) return 'coversOtherScope';
  if (roles.isWithheld({ idType }, action)) return 'withheldFromApplications';
  return roles.hasEnded(assignment) ? 'expired' : 'allows';
}

/**
 * A role that the caller holds elsewhere, or held, else the one that has the action and lets do the least besides reading; at
 * the very scope asked for. Roles to make keys through the resource manager are for that: of few rights, but none to give to a reader.
 */
function nearestRole(
  { dataAction: action, scope, idType }: Question,
  considered: readonly ConsideredGrant[],
  roles: Roles,
): Explanation['nearest'] {
  if (roles.isWithheld({ idType }, action)) return undefined;
  const fitting = roles.definitions().filter((role) => effectiveActions(role).includes(action));
  const held = new Set(
    considered.filter(({ verdict }) => verdict === 'coversOtherScope' || verdict === 'expired').map(({ role }) => role),
  );
  const ranked = fitting.map((role) => {
    const actions = effectiveActions(role);
    return {
      role,
      unheld: Number(!held.has(role.roleName)),
      makes: Number(actions.includes(MAKE_BY_RESOURCE_MANAGER)),
      // To read is less than to use.
      uses: actions.filter((each) => !/\/read(\/action)?$/.test(each)).length,
      rights: actions.length,
    };
  });
  ranked.sort((a, b) => a.unheld - b.unheld || a.makes - b.makes || a.uses - b.uses || a.rights - b.rights);
  const best = ranked[0]?.role;
  return best === undefined ? undefined : { role: best.roleName, roleDefinition: best.name, scope: scope.path };
}

export function whoCanGrant(
  { scope, principalId }: Pick<Question, 'scope' | 'principalId'>,
  roles: Roles,
  maySee: (assignment: RoleAssignment) => boolean = () => true,
): readonly string[] {
  const write = dataAction('roleAssignments/write/action');
  const granters = new Set<string>();
  for (const assignment of roles.assignments()) {
    if (granters.size >= MOST_GRANTERS) break;
    const { principalId: granter, scope: at, definition } = assignment;
    if (!scope.covering.includes(foldedScope(at)) || roles.hasEnded(assignment) || !maySee(assignment)) continue;
    // Where duties are separated nobody gives a role to themself.
    if (roles.isStrict && granter === principalId) continue;
    const role = roles.definition(definition);
    if (role !== undefined && effectiveActions(role).includes(write)) granters.add(granter);
  }
  return [...granters].sort();
}
