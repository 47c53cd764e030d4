// Management-plane authorisation: a role whose actions hold the one asked for, given to the caller or to one of its groups,
// at the scope of what is asked for or above. These roles reach resources and never a key: the data plane does not know them.
import { type Authenticate, type ControlCaller, ControlError, type ControlRequest } from '../../../http/control-row.ts';
import type { Resources, RoleAssignment } from '../resources.ts';
import { allows, findArmRole } from './built-in-roles.ts';
import { holdsAt, scopeOf, scopeOfRequest } from './scope.ts';

/** Anything at all lets a caller see that the subscription exists. */
export const ANY_ACTION = 'any';

export function assignmentsOf({ roleAssignments }: Resources, caller: ControlCaller): readonly RoleAssignment[] {
  const principals = new Set([caller.oid, ...caller.groups].map((id) => id.toLowerCase()));
  return roleAssignments.filter(({ principalId }) => principals.has(principalId));
}

export function mayAt(resources: Resources, caller: ControlCaller, action: string, scope: string): boolean {
  return assignmentsOf(resources, caller).some((each) => grants(each, action) && holdsAt(each.scope, scope));
}

/** Somewhere in the subscription: lists show what the caller may see of them. */
export function mayAnywhere(resources: Resources, caller: ControlCaller, action: string): boolean {
  return assignmentsOf(resources, caller).some((each) => grants(each, action));
}

function mayAround(resources: Resources, caller: ControlCaller, action: string, scope: string): boolean {
  return assignmentsOf(resources, caller).some(
    (each) => grants(each, action) && (holdsAt(each.scope, scope) || holdsAt(scope, each.scope)),
  );
}

export interface Demand {
  readonly action: string;
  /**
   * `anywhere`: what is answered is then filtered. `around`: at the scope that the path names, above or below it, and
   * filtered too. Default: that scope.
   */
  readonly at?: 'anywhere' | 'around' | 'subscription';
}

/** Checks token, subscription and role. @throws ControlError 401, 404, 403 */
export async function authorize(
  authenticate: Authenticate,
  current: () => Resources,
  request: ControlRequest,
  demand: Demand,
): Promise<ControlCaller> {
  const caller = await authenticate(request);
  // Not before: while the token was checked, a role may have been taken.
  const resources = current();
  const subscription = request.params.subscription?.toLowerCase();
  if (subscription !== undefined && subscription !== resources.subscriptionId) {
    throw new ControlError(
      404,
      'SubscriptionNotFound',
      `The subscription '${subscription.slice(0, 64)}' could not be found.`,
    );
  }
  if (demand.at === 'anywhere') {
    if (!mayAnywhere(resources, caller, demand.action)) throw refusal(resources, caller, demand.action);
  } else if (demand.at === 'around') {
    const scope = scopeOfRequest(resources, request);
    if (!mayAround(resources, caller, demand.action, scope)) throw refusal(resources, caller, demand.action, scope);
  } else {
    const scope = demand.at === 'subscription' ? scopeOf(resources, {}) : scopeOfRequest(resources, request);
    requireAt(resources, caller, demand.action, scope);
  }
  return caller;
}

/** @throws ControlError 403 */
export function requireAt(resources: Resources, caller: ControlCaller, action: string, scope: string): void {
  if (!mayAt(resources, caller, action, scope)) throw refusal(resources, caller, action, scope);
}

function refusal(resources: Resources, caller: ControlCaller, action: string, scope = scopeOf(resources, {})) {
  return new ControlError(
    403,
    'AuthorizationFailed',
    `The client '${caller.label}' with object id '${caller.oid}' does not have authorization to perform action '${action}' over scope '${scope.slice(0, 400)}'.`,
  );
}

function grants({ role }: RoleAssignment, action: string): boolean {
  const definition = findArmRole(role);
  return definition !== undefined && (action === ANY_ACTION || allows(definition, action));
}

const API_VERSION = /^\d{4}-\d\d-\d\d(-preview)?$/;

/** @throws ControlError 400 */
export function checkApiVersion({ query }: ControlRequest): string {
  const version = query.get('api-version');
  if (version === null) {
    throw new ControlError(
      400,
      'MissingApiVersionParameter',
      'The api-version query parameter (?api-version=) is required for all requests.',
    );
  }
  if (!API_VERSION.test(version)) {
    throw new ControlError(
      400,
      'InvalidApiVersionParameter',
      `The api-version '${version.slice(0, 32)}' is invalid. The supported versions are dates (yyyy-mm-dd), optionally followed by -preview.`,
    );
  }
  return version;
}
