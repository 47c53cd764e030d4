// Scopes of the management plane: the subscription, a group in it, an HSM in that. A role counts at its scope and below.
import type { ControlRequest } from '../../../wire/control-row.ts';
import type { Resources } from '../resources.ts';

export interface Place {
  readonly group?: string | undefined;
  readonly hsm?: string | undefined;
}

/** Lower case; the parts are as in the path, so one with a slash in it is no part of any scope. */
export function scopeOf(resources: Pick<Resources, 'subscriptionId'>, place: Place): string {
  return spelledScope(resources, place).toLowerCase();
}

function spelledScope({ subscriptionId }: Pick<Resources, 'subscriptionId'>, { group, hsm }: Place): string {
  const parts = ['/subscriptions', subscriptionId];
  if (group !== undefined) parts.push('resourceGroups', encodeURIComponent(group));
  if (hsm !== undefined) parts.push('providers/Microsoft.KeyVault/managedHSMs', encodeURIComponent(hsm));
  return parts.join('/');
}

export function holdsAt(assigned: string, asked: string): boolean {
  return asked === assigned || asked.startsWith(`${assigned}/`);
}

/** The scope that a path of a resource names. */
export function scopeOfRequest(resources: Resources, request: ControlRequest): string {
  return spelledScopeOfRequest(resources, request).toLowerCase();
}

/** The same in the caller's spelling of the names. */
export function spelledScopeOfRequest(resources: Resources, { params }: ControlRequest): string {
  return spelledScope(resources, { group: params.group, hsm: params.name });
}
