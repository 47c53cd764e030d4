// The roles of an instance, in memory: fed by the store's records, asked by every request. It decides from records
// alone; nothing here knows a token or the management plane.
import { StoreError } from '../../store/port.ts';
import { type Follow, feeding, follow } from '../../store/sealed/follow-records.ts';
import type { Apply } from '../../store/sealed/records.ts';
import { builtInRoles } from './built-in-roles.ts';
import { definitionKind, isBuiltIn } from './custom-roles.ts';
import { type DataAction, isAdministrative } from './data-actions.ts';
import { type Caller, compileGrants, effectiveActions, findGrant, type Grant, type Grants } from './grants.ts';
import { assignmentKind, type RoleAssignment, type RoleDefinition } from './role-records.ts';
import { foldedScope, parseScope, type Scope } from './scope.ts';

export interface Roles {
  readonly follows: readonly Follow[];
  readonly apply: Apply;
  /**
   * The assignment that allows the action there, or undefined: deny. What was found for a caller is kept for the same
   * object until any role record changes.
   */
  isAllowed(caller: Caller, dataAction: string, scope: Scope): Grant | undefined;

  /** For explanations: what takes a right away although its assignment is there. */
  hasEnded(assignment: Pick<RoleAssignment, 'expiresAt'>): boolean;
  /** Kept from this caller whatever is assigned to it. */
  isWithheld(caller: Pick<Caller, 'idType'>, action: DataAction): boolean;
  /** Duties are separated here. */
  readonly isStrict: boolean;

  definition(name: string): RoleDefinition | undefined;
  /** Built-in ones first, then custom ones by name. */
  definitions(): readonly RoleDefinition[];
  assignment(name: string): RoleAssignment | undefined;
  assignments(): Iterable<RoleAssignment>;
  assignmentsOf(principalId: string): Iterable<RoleAssignment>;
  /** Those whose scope is exactly this one. */
  assignmentsAt(scope: Scope): Iterable<RoleAssignment>;
  /** How many there are at exactly this scope, or in all. */
  assignmentCount(scope?: Scope): number;
}

interface KnownRole {
  readonly definition: RoleDefinition;
  readonly actions: readonly DataAction[];
}

export interface RolesOptions {
  /** Unix seconds, for grants that end; default: the system's. */
  readonly now?: () => number;
  /** Duties are separated: applications have no right of an administrator, whatever they were assigned. As it is now. */
  readonly separation?: { readonly isStrict: boolean };
}

export function openRoles({ now = systemNow, separation = { isStrict: false } }: RolesOptions = {}): Roles {
  const roles = new Map<string, KnownRole>(builtInRoles.map((definition) => [definition.name, known(definition)]));
  const assignments = new Map<string, RoleAssignment>();
  const byPrincipal = new Map<string, Map<string, RoleAssignment>>();
  const byScope = new Map<string, Map<string, RoleAssignment>>();
  let compiled = new WeakMap<Caller, Grants>();

  let compiledStrictly = separation.isStrict;

  const sources = {
    assignmentsOf: (principalId: string): Iterable<RoleAssignment> => byPrincipal.get(principalId)?.values() ?? [],
    actionsOf(definition: string, caller: Caller): readonly DataAction[] {
      const actions = roles.get(definition)?.actions ?? [];
      const isWithheld = withholder(caller, compiledStrictly);
      return isWithheld === undefined ? actions : actions.filter((action) => !isWithheld(action));
    },
  };

  const follows = [
    follow(definitionKind, (name, stored) => {
      // One that is not there cannot be removed either.
      if (isBuiltIn(name)) {
        throw new StoreError('Damaged', `a record of a role definition has the name of a built-in role: ${name}`);
      }
      if (stored === undefined) roles.delete(name);
      else roles.set(name, known({ name, type: 'CustomRole', ...stored }));
      compiled = new WeakMap();
    }),
    follow(assignmentKind, (name, stored) => {
      const after = stored === undefined ? undefined : { name, ...stored, scope: parseScope(stored.scope) };
      const before = assignments.get(name);
      if (before !== undefined) {
        assignments.delete(name);
        removeFrom(byPrincipal, before.principalId, name);
        removeFrom(byScope, foldedScope(before.scope), name);
      }
      if (after !== undefined) {
        assignments.set(name, after);
        addTo(byPrincipal, after.principalId, after);
        addTo(byScope, foldedScope(after.scope), after);
      }
      compiled = new WeakMap();
    }),
  ];

  return {
    follows,
    apply: feeding(follows),
    isAllowed(caller, dataAction, scope) {
      if (compiledStrictly !== separation.isStrict) {
        compiledStrictly = separation.isStrict;
        compiled = new WeakMap();
      }
      let grants = compiled.get(caller);
      if (grants === undefined) {
        grants = compileGrants(caller, sources);
        compiled.set(caller, grants);
      }
      return findGrant(grants, dataAction, scope, now);
    },
    hasEnded: ({ expiresAt }) => expiresAt !== undefined && now() >= expiresAt,
    isWithheld: (caller, action) => withholder(caller, separation.isStrict)?.(action) ?? false,
    get isStrict() {
      return separation.isStrict;
    },
    definition: (name) => roles.get(name)?.definition,
    definitions: () => [
      ...builtInRoles,
      ...[...roles.values()]
        .map(({ definition }) => definition)
        .filter(({ type }) => type === 'CustomRole')
        .sort((a, b) => (a.name < b.name ? -1 : 1)),
    ],
    assignment: (name) => assignments.get(name),
    assignments: () => assignments.values(),
    assignmentsOf: sources.assignmentsOf,
    assignmentsAt: (scope) => byScope.get(foldedScope(scope))?.values() ?? [],
    assignmentCount: (scope) => (scope === undefined ? assignments.size : (byScope.get(foldedScope(scope))?.size ?? 0)),
  };
}

/** What this caller never has of any role; undefined: nothing is kept from it. */
function withholder({ idType }: Pick<Caller, 'idType'>, strict: boolean): typeof isAdministrative | undefined {
  return strict && idType === 'app' ? isAdministrative : undefined;
}

function systemNow(): number {
  return Date.now() / 1000;
}

type Index = Map<string, Map<string, RoleAssignment>>;

function known(definition: RoleDefinition): KnownRole {
  return { definition, actions: effectiveActions(definition) };
}

function addTo(index: Index, at: string, assignment: RoleAssignment): void {
  let found = index.get(at);
  if (found === undefined) index.set(at, (found = new Map<string, RoleAssignment>()));
  found.set(assignment.name, assignment);
}

function removeFrom(index: Index, at: string, name: string): void {
  const found = index.get(at);
  found?.delete(name);
  if (found?.size === 0) index.delete(at);
}
