// The narrower role, and scope, that would have done for what a grant was used for. It covers all of that and is never broader than the
// grant; where no role that there is fits between the two, it is a custom one of exactly the rights that were used.
import type { DataAction } from '../roles/data-actions.ts';
import { effectiveActions } from '../roles/grants.ts';
import type { RoleDefinition } from '../roles/role-records.ts';
import { covers, foldedScope, parseScope, type Scope } from '../roles/scope.ts';

export interface Narrower {
  /** Of a role that there is; absent: one has to be defined. */
  readonly role?: string | undefined;
  readonly roleDefinition?: string | undefined;
  readonly dataActions: readonly DataAction[];
  readonly scope: string;
}

export interface Exercised {
  readonly dataAction: string;
  readonly scope: string;
}

/** @returns undefined: nothing was used, nothing narrower would have done, or what was used is not what the grant gives now */
export function narrowerGrant(
  held: { readonly actions: readonly DataAction[]; readonly scope: Scope; readonly definition: string },
  used: readonly Exercised[],
  definitions: readonly RoleDefinition[],
): Narrower | undefined {
  const wanted = held.actions.filter((action) => used.some(({ dataAction }) => dataAction === action));
  const known = used.every(({ dataAction }) => wanted.some((action) => action === dataAction));
  const scopes = used.map(({ scope }) => scopeOf(scope));
  if (wanted.length === 0 || !known || !scopes.every((each) => each !== undefined && covers(held.scope, each))) return;
  const scope = narrowest(scopes.filter((each) => each !== undefined)) ?? held.scope;
  const fitting = definitions
    .map((role) => ({ role, actions: effectiveActions(role) }))
    .filter(({ actions }) => actions.length < held.actions.length)
    .filter(({ actions }) => isWithin(wanted, actions) && isWithin(actions, held.actions))
    .sort((a, b) => a.actions.length - b.actions.length)[0];
  if (fitting !== undefined) {
    const { role, actions } = fitting;
    return { role: role.roleName, roleDefinition: role.name, dataActions: actions, scope: scope.path };
  }
  if (wanted.length < held.actions.length) return { dataActions: wanted, scope: scope.path };
  if (foldedScope(scope) === foldedScope(held.scope)) return undefined;
  const same = definitions.find(({ name }) => name === held.definition);
  return { role: same?.roleName, roleDefinition: same?.name, dataActions: wanted, scope: scope.path };
}

function isWithin(inner: readonly DataAction[], outer: readonly DataAction[]): boolean {
  return inner.every((action) => outer.includes(action));
}

/** That covers all of them. */
function narrowest(scopes: readonly Scope[]): Scope | undefined {
  const [first, ...others] = scopes;
  if (first === undefined) return undefined;
  const common = first.covering.filter((at) => others.every(({ covering }) => covering.includes(at))).at(-1) ?? '/';
  return scopes.find((each) => foldedScope(each) === common) ?? scopeOf(common);
}

function scopeOf(path: string): Scope | undefined {
  try {
    return parseScope(path);
  } catch {
    return undefined; // nothing that this HSM has written
  }
}
