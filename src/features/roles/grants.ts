// What one caller may do, laid out for look-up: data action → scope → the assignment that grants it.
import type { DataAction } from './data-actions.ts';
import type { RoleAssignment, RoleDefinition } from './role-records.ts';
import { foldedScope, type Scope } from './scope.ts';

/** Who asks, as the token says; object ids in lower case. */
export interface Caller {
  readonly oid: string;
  readonly groups: readonly string[];
}

export interface Grant {
  /** Name (GUID) of the role assignment that allows it. */
  readonly grant: string;
}

type ByScope = Map<string, Grant>;
export type Grants = ReadonlyMap<string, ReadonlyMap<string, Grant>>;

interface Sources {
  assignmentsOf(principalId: string): Iterable<RoleAssignment>;
  actionsOf(definition: string): readonly DataAction[];
}

/** The union over the caller's own assignments and those of its groups. */
export function compileGrants(caller: Caller, { assignmentsOf, actionsOf }: Sources): Grants {
  const grants = new Map<string, ByScope>();
  for (const principalId of new Set([caller.oid, ...caller.groups])) {
    for (const { name, scope, definition } of assignmentsOf(principalId)) {
      const at = foldedScope(scope);
      const grant: Grant = { grant: name };
      for (const action of actionsOf(definition)) {
        let byScope = grants.get(action);
        if (byScope === undefined) grants.set(action, (byScope = new Map<string, Grant>()));
        const found = byScope.get(at);
        // The smallest name, so that every worker names the same assignment in the record.
        if (found === undefined || name < found.grant) byScope.set(at, grant);
      }
    }
  }
  return grants;
}

/** The widest grant that covers the scope. */
export function findGrant(grants: Grants, dataAction: string, scope: Scope): Grant | undefined {
  const byScope = grants.get(dataAction);
  if (byScope === undefined) return undefined;
  for (const at of scope.covering) {
    const grant = byScope.get(at);
    if (grant !== undefined) return grant;
  }
  return undefined;
}

/** All data actions of a definition less all its notDataActions; they subtract here and nowhere else. */
export function effectiveActions({ permissions }: RoleDefinition): readonly DataAction[] {
  const excluded = new Set(permissions.flatMap(({ notDataActions }) => notDataActions));
  return [...new Set(permissions.flatMap(({ dataActions }) => dataActions))].filter((action) => !excluded.has(action));
}
