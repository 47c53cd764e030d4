// What one caller may do, laid out for look-up: data action → scope → the assignment that grants it.
import { given } from '../../formats/given.ts';
import type { DataAction } from './data-actions.ts';
import type { RoleAssignment, RoleContent } from './role-records.ts';
import { foldedScope, type Scope } from './scope.ts';

/** Who asks, as the token says; object ids in lower case. */
export interface Caller {
  readonly oid: string;
  readonly groups: readonly string[];
  /** `app`: no person. Where duties are separated, such a caller administers nothing. */
  readonly idType?: 'app' | 'user' | undefined;
}

export interface Grant {
  /** Name (GUID) of the role assignment that allows it. */
  readonly grant: string;
  /** Unix seconds. */
  readonly expiresAt?: number;
}

export type Grants = ReadonlyMap<string, ReadonlyMap<string, readonly Grant[]>>;

/**
 * The union over the caller's own assignments and those of its groups.
 * @param actionsOf those that this caller can have from a role
 */
export function compileGrants(
  caller: Caller,
  assignmentsOf: (principalId: string) => Iterable<RoleAssignment>,
  actionsOf: (definition: string) => readonly DataAction[],
): Grants {
  const grants = new Map<string, Map<string, Grant[]>>();
  for (const principalId of new Set([caller.oid, ...caller.groups])) {
    for (const { name, scope, definition, expiresAt } of assignmentsOf(principalId)) {
      const at = foldedScope(scope);
      const grant = given({ grant: name, expiresAt });
      for (const action of actionsOf(definition)) {
        const byScope = grants.getOrInsertComputed(action, () => new Map());
        byScope.getOrInsertComputed(at, () => []).push(grant);
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
export function effectiveActions({ permissions }: Pick<RoleContent, 'permissions'>): readonly DataAction[] {
  const excluded = new Set(permissions.flatMap(({ notDataActions }) => notDataActions));
  return [...new Set(permissions.flatMap(({ dataActions }) => dataActions))].filter((action) => !excluded.has(action));
}
