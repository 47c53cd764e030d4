// What one caller may do, laid out for look-up: data action → scope → the assignment that grants it.
import type { DataAction } from './data-actions.ts';
import type { RoleAssignment, RoleDefinition } from './role-records.ts';
import { foldedScope, type Scope } from './scope.ts';

/** Who asks, as the token says; object ids in lower case. */
export interface Caller {
  readonly oid: string;
  readonly groups: readonly string[];
  /** `app`: no person. Where duties are separated, such a caller administers nothing. */
  readonly idType?: 'app' | 'user';
}

export interface Grant {
  /** Name (GUID) of the role assignment that allows it. */
  readonly grant: string;
  /** Unix seconds. */
  readonly expiresAt?: number;
}

type ByScope = Map<string, Grant[]>;
export type Grants = ReadonlyMap<string, ReadonlyMap<string, readonly Grant[]>>;

interface Sources {
  assignmentsOf(principalId: string): Iterable<RoleAssignment>;
  /** Those that this caller can have from the role. */
  actionsOf(definition: string, caller: Caller): readonly DataAction[];
}

/** The union over the caller's own assignments and those of its groups. */
export function compileGrants(caller: Caller, { assignmentsOf, actionsOf }: Sources): Grants {
  const grants = new Map<string, ByScope>();
  for (const principalId of new Set([caller.oid, ...caller.groups])) {
    for (const { name, scope, definition, expiresAt } of assignmentsOf(principalId)) {
      const at = foldedScope(scope);
      const grant: Grant = { grant: name, ...(expiresAt === undefined ? {} : { expiresAt }) };
      for (const action of actionsOf(definition, caller)) {
        let byScope = grants.get(action);
        if (byScope === undefined) grants.set(action, (byScope = new Map<string, Grant[]>()));
        const found = byScope.get(at);
        if (found === undefined) byScope.set(at, [grant]);
        else found.push(grant);
      }
    }
  }
  // The smallest name first, so that every worker names the same assignment in the record.
  for (const byScope of grants.values()) {
    for (const found of byScope.values()) found.sort((a, b) => (a.grant < b.grant ? -1 : 1));
  }
  return grants;
}

/** The widest grant that covers the scope and has not ended. @param now Unix seconds */
export function findGrant(grants: Grants, dataAction: string, scope: Scope, now: () => number): Grant | undefined {
  const byScope = grants.get(dataAction);
  if (byScope === undefined) return undefined;
  for (const at of scope.covering) {
    const grants = byScope.get(at);
    if (grants === undefined) continue;
    for (const grant of grants) if (grant.expiresAt === undefined || now() < grant.expiresAt) return grant;
  }
  return undefined;
}

/** All data actions of a definition less all its notDataActions; they subtract here and nowhere else. */
export function effectiveActions({ permissions }: Pick<RoleDefinition, 'permissions'>): readonly DataAction[] {
  const excluded = new Set(permissions.flatMap(({ notDataActions }) => notDataActions));
  return [...new Set(permissions.flatMap(({ dataActions }) => dataActions))].filter((action) => !excluded.has(action));
}
