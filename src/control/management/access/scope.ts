// Scopes of the management plane: the subscription, a group in it, an HSM in that. A role counts at its scope and below.
import type { ControlRequest } from '../../../http/control-row.ts';

export interface Place {
  readonly group?: string | undefined;
  readonly hsm?: string | undefined;
}

interface Subscription {
  readonly subscriptionId: string;
}

/**
 * Lower case, and that before anything is percent-encoded: one scope for one resource, as names are compared when it is looked
 * for. The parts are as in the path, so one with a slash in it is no part of any scope.
 */
export function scopeOf(subscription: Subscription, { group, hsm }: Place): string {
  return spelledScope(subscription, { group: group?.toLowerCase(), hsm: hsm?.toLowerCase() }).toLowerCase();
}

/** Of a scope in any spelling the one that is compared. */
export function foldedScope(scope: string): string {
  const fold = (part: string): string => encodeURIComponent(decodeURIComponent(part).toLowerCase()).toLowerCase();
  return scope.split('/').map(fold).join('/');
}

function spelledScope({ subscriptionId }: Subscription, { group, hsm }: Place): string {
  const parts = ['/subscriptions', subscriptionId];
  if (group !== undefined) parts.push('resourceGroups', encodeURIComponent(group));
  if (hsm !== undefined) parts.push('providers/Microsoft.KeyVault/managedHSMs', encodeURIComponent(hsm));
  return parts.join('/');
}

export function holdsAt(assigned: string, asked: string): boolean {
  return asked === assigned || asked.startsWith(`${assigned}/`);
}

/** The scope that a path of a resource names. */
export function scopeOfRequest(subscription: Subscription, { params }: ControlRequest): string {
  return scopeOf(subscription, { group: params.group, hsm: params.name });
}

/** The same in the caller's spelling of the names. */
export function spelledScopeOfRequest(subscription: Subscription, { params }: ControlRequest): string {
  return spelledScope(subscription, { group: params.group, hsm: params.name });
}
