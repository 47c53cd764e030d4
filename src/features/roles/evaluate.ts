// The roles of an instance, in memory: fed by the store's records, asked by every request. It decides from records
// alone; nothing here knows a token or the management plane.
import { StoreError } from '../../store/port.ts';
import { follow } from '../../store/sealed/follow-records.ts';
import { builtInRoles, isBuiltIn } from './built-in-roles.ts';
import { type DataAction, isAdministrative } from './data-actions.ts';
import { type Caller, compileGrants, effectiveActions, findGrant, type Grant, type Grants } from './grants.ts';
import { assignmentKind, definitionKind, type RoleAssignment, type RoleDefinition } from './role-records.ts';
import { foldedScope, parseScope, type Scope } from './scope.ts';

export interface RolesOptions {
  /** Unix seconds, for grants that end; default: the system's. */
  readonly now?: () => number;
  /** Duties are separated: applications have no right of an administrator, whatever they were assigned. As it is now. */
  readonly separation?: { readonly isStrict: boolean };
}

export type Roles = ReturnType<typeof openRoles>;

export function openRoles({ now = () => Date.now() / 1000, separation = { isStrict: false } }: RolesOptions = {}) {
  const known = (definition: RoleDefinition) => ({ definition, actions: effectiveActions(definition) });
  const roles = new Map(builtInRoles.map((definition) => [definition.name, known(definition)]));
  const assignments = new Map<string, RoleAssignment>();
  const byPrincipal: Index = new Map();
  const byScope: Index = new Map();
  let compiled = new WeakMap<Caller, Grants>();
  let compiledStrictly = separation.isStrict;

  const assignmentsOf = (principalId: string): Iterable<RoleAssignment> => byPrincipal.get(principalId)?.values() ?? [];

  const compile = (caller: Caller): Grants =>
    compileGrants(caller, assignmentsOf, (definition) => {
      const actions = roles.get(definition)?.actions ?? [];
      return actions.filter((action) => !isWithheld(caller, action));
    });

  /** Kept from this caller whatever is assigned to it. */
  const isWithheld = ({ idType }: Pick<Caller, 'idType'>, action: DataAction): boolean =>
    separation.isStrict && idType === 'app' && isAdministrative(action);

  const place = (name: string, after: RoleAssignment | undefined): void => {
    const before = assignments.get(name);
    if (before !== undefined) {
      assignments.delete(name);
      removeFrom(byPrincipal, before.principalId, name);
      removeFrom(byScope, foldedScope(before.scope), name);
    }
    if (after !== undefined) {
      assignments.set(name, after);
      byPrincipal.getOrInsertComputed(after.principalId, () => new Map()).set(name, after);
      byScope.getOrInsertComputed(foldedScope(after.scope), () => new Map()).set(name, after);
    }
    // Never those of before, also where a change is taken back: who asked meanwhile may have had them made by other rules.
    compiled = new WeakMap();
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
    follow(
      assignmentKind,
      (name, stored) => place(name, stored && { name, ...stored, scope: parseScope(stored.scope) }),
      (name) => {
        const before = assignments.get(name);
        return () => place(name, before);
      },
    ),
  ];

  return {
    follows,
    /**
     * The assignment that allows the action there, or undefined: deny. What was found for a caller is kept for the same
     * object until any role record changes.
     */
    isAllowed(caller: Caller, dataAction: string, scope: Scope): Grant | undefined {
      if (compiledStrictly !== separation.isStrict) {
        compiledStrictly = separation.isStrict;
        compiled = new WeakMap();
      }
      return findGrant(compiled.getOrInsertComputed(caller, compile), dataAction, scope, now);
    },
    /** For explanations: what takes a right away although its assignment is there. */
    hasEnded: ({ expiresAt }: Pick<RoleAssignment, 'expiresAt'>): boolean =>
      expiresAt !== undefined && now() >= expiresAt,
    isWithheld,
    /** Duties are separated here. */
    get isStrict(): boolean {
      return separation.isStrict;
    },
    definition: (name: string): RoleDefinition | undefined => roles.get(name)?.definition,
    /** Built-in ones first, then custom ones by name. */
    definitions: (): readonly RoleDefinition[] => [
      ...builtInRoles,
      ...[...roles.values()]
        .map(({ definition }) => definition)
        .filter(({ type }) => type === 'CustomRole')
        .sort((a, b) => (a.name < b.name ? -1 : 1)),
    ],
    assignment: (name: string): RoleAssignment | undefined => assignments.get(name),
    assignments: (): Iterable<RoleAssignment> => assignments.values(),
    assignmentsOf,
    /** Those whose scope is exactly this one. */
    assignmentsAt: (scope: Scope): Iterable<RoleAssignment> => byScope.get(foldedScope(scope))?.values() ?? [],
    /** How many there are at exactly this scope, or in all. */
    assignmentCount: (scope?: Scope): number =>
      scope === undefined ? assignments.size : (byScope.get(foldedScope(scope))?.size ?? 0),
  };
}

type Index = Map<string, Map<string, RoleAssignment>>;

function removeFrom(index: Index, at: string, name: string): void {
  const found = index.get(at);
  found?.delete(name);
  if (found?.size === 0) index.delete(at);
}
