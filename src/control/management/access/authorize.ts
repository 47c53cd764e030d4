// Management-plane authorisation: a role whose actions hold the one asked for, given to the caller or to one of its groups,
// at the scope of what is asked for or above. These roles reach resources and never a key: the data plane does not know them.
import { type Authenticate, type ControlCaller, ControlError, type ControlRequest } from '../../../http/control-row.ts';
import type { Resources } from '../resources.ts';
import { allows, findArmRole } from './role-definitions.ts';
import { holdsAt, type Place, scopeOf, scopeOfRequest } from './scope.ts';

/** Anything at all lets a caller see that the subscription exists. */
export const ANY_ACTION = 'any';

/** @param isAt which scopes of a role count; absent: all, as lists show what the caller may see of them */
export function may(
  { roleAssignments }: Resources,
  { oid, groups }: ControlCaller,
  action: string,
  isAt: (scope: string) => boolean = () => true,
): boolean {
  const principals = new Set([oid, ...groups].map((id) => id.toLowerCase()));
  return roleAssignments.some(({ principalId, role, scope }) => {
    const definition = principals.has(principalId) ? findArmRole(role) : undefined;
    return definition !== undefined && (action === ANY_ACTION || allows(definition, action)) && isAt(scope);
  });
}

export function mayAt(resources: Resources, caller: ControlCaller, action: string, scope: string): boolean {
  return may(resources, caller, action, (held) => holdsAt(held, scope));
}

/** Of a list what the caller may read, each at its place. */
export function readable<T>(
  resources: Resources,
  caller: ControlCaller,
  action: string,
  all: readonly T[],
  placeOf: (item: T) => Place,
): readonly T[] {
  return all.filter((item) => mayAt(resources, caller, action, scopeOf(resources, placeOf(item))));
}

export interface Demand {
  readonly action: string;
  /**
   * `token`: a valid one is enough. `anywhere`: what is answered is then filtered. `around`: at the scope that the path names,
   * above or below it, and filtered too. Default: that scope.
   */
  readonly at?: 'token' | 'anywhere' | 'around' | 'subscription';
}

/** Checks api-version, token, subscription and role. @throws ControlError 400, 401, 404, 403 */
export async function authorize(
  authenticate: Authenticate,
  current: () => Resources,
  request: ControlRequest,
  { action, at }: Demand,
): Promise<ControlCaller> {
  checkApiVersion(request);
  const caller = await authenticate(request);
  if (at === 'token') return caller;
  // Not before: while the token was checked, a role may have been taken.
  const resources = current();
  const subscription = request.params.subscription?.toLowerCase();
  if (subscription !== undefined && subscription !== resources.subscriptionId) {
    const message = `The subscription '${subscription.slice(0, 64)}' could not be found.`;
    throw new ControlError(404, 'SubscriptionNotFound', message);
  }
  const isOfAll = at === 'anywhere' || at === 'subscription';
  const scope = isOfAll ? scopeOf(resources, {}) : scopeOfRequest(resources, request);
  const isAt = (held: string): boolean =>
    at === 'anywhere' || holdsAt(held, scope) || (at === 'around' && holdsAt(scope, held));
  if (!may(resources, caller, action, isAt)) throw refusal(caller, action, scope);
  return caller;
}

/** @throws ControlError 403 */
export function requireAt(resources: Resources, caller: ControlCaller, action: string, scope: string): void {
  if (!mayAt(resources, caller, action, scope)) throw refusal(caller, action, scope);
}

function refusal({ label, oid }: ControlCaller, action: string, scope: string): ControlError {
  return new ControlError(
    403,
    'AuthorizationFailed',
    `The client '${label}' with object id '${oid}' does not have authorization to perform action '${action}' over scope '${scope.slice(0, 400)}'.`,
  );
}

const API_VERSION = /^\d{4}-\d\d-\d\d(-preview)?$/;

function checkApiVersion({ query }: ControlRequest): void {
  const version = query.get('api-version');
  if (version === null) {
    const message = 'The api-version query parameter (?api-version=) is required for all requests.';
    throw new ControlError(400, 'MissingApiVersionParameter', message);
  }
  if (API_VERSION.test(version)) return;
  throw new ControlError(
    400,
    'InvalidApiVersionParameter',
    `The api-version '${version.slice(0, 32)}' is invalid. The supported versions are dates (yyyy-mm-dd), optionally followed by -preview.`,
  );
}
