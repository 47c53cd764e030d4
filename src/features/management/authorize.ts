// Management-plane authorisation: a role at the subscription, given to the caller or to one of its groups. These roles
// reach resources and never a key: the data plane does not know them.
import { type Authenticate, type ControlCaller, ControlError, type ControlRequest } from '../../wire/control-row.ts';
import type { ArmRole, Resources } from './resources.ts';

export type ArmAccess = 'read' | 'write';

const GRANTS: Readonly<Record<ArmRole, readonly ArmAccess[]>> = {
  Owner: ['read', 'write'],
  Contributor: ['read', 'write'],
  Reader: ['read'],
};

export function hasAccess({ roleAssignments }: Resources, caller: ControlCaller, access: ArmAccess): boolean {
  const principals = new Set([caller.oid, ...caller.groups]);
  return roleAssignments.some(({ principalId, role }) => principals.has(principalId) && GRANTS[role].includes(access));
}

/** Checks token, subscription and role. @throws ControlError 401, 404, 403 */
export async function authorize(
  authenticate: Authenticate,
  resources: Resources,
  request: ControlRequest,
  access: ArmAccess,
): Promise<ControlCaller> {
  const caller = await authenticate(request);
  const subscription = request.params.subscription?.toLowerCase();
  if (subscription !== undefined && subscription !== resources.subscriptionId) {
    throw new ControlError(
      404,
      'SubscriptionNotFound',
      `The subscription '${subscription.slice(0, 64)}' could not be found.`,
    );
  }
  if (!hasAccess(resources, caller, access)) {
    throw new ControlError(
      403,
      'AuthorizationFailed',
      `The client '${caller.label}' with object id '${caller.oid}' does not have authorization to perform action '${access}' over scope '/subscriptions/${resources.subscriptionId}'.`,
    );
  }
  return caller;
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
