// Long-running operations as clients see them, in both styles: polled at `Location` until it answers 200, or at
// `Azure-AsyncOperation` until its body says how it ended.
import { isGuid } from '../../../formats/guid.ts';
import { type ControlAnswer, ControlError, type ControlRequest } from '../../../http/control-row.ts';
import type { Operation, Resources } from '../resources.ts';

/** Seconds. */
export const RETRY_AFTER = '1';

/** 202 without a body, as creation, deletion, recovery and purge answer. */
export function accepted(resources: Resources, request: ControlRequest, operation: Operation): ControlAnswer {
  return {
    status: 202,
    headers: {
      location: pollUrl(resources, request, operation, 'managedHsmOperationResults'),
      'retry-after': RETRY_AFTER,
    },
  };
}

export function asyncOperation(
  resources: Resources,
  request: ControlRequest,
  operation: Operation,
): Readonly<Record<string, string>> {
  return {
    'azure-asyncoperation': pollUrl(resources, request, operation, 'managedHsmOperationStatuses'),
    'retry-after': RETRY_AFTER,
  };
}

function pollUrl(
  { subscriptionId }: Resources,
  request: ControlRequest,
  { location, id }: Operation,
  kind: string,
): string {
  const version = encodeURIComponent(request.query.get('api-version') ?? '');
  return `${request.names.arm}/subscriptions/${subscriptionId}/providers/Microsoft.KeyVault/locations/${location}/${kind}/${id}?api-version=${version}`;
}

/** Old and foreign poll URLs find nothing. @throws ControlError 404 */
export function requireOperation({ operations }: Resources, { params }: ControlRequest): Operation {
  const id = params.id?.toLowerCase() ?? '';
  const location = params.location?.toLowerCase();
  const found = isGuid(id) ? operations.find((each) => each.id === id && each.location === location) : undefined;
  if (found === undefined) {
    throw new ControlError(404, 'OperationNotFound', 'There is no such operation, or it ended long ago.');
  }
  return found;
}

/** What `Azure-AsyncOperation` shows. */
export function describeOperation(
  { subscriptionId }: Resources,
  operation: Operation,
): Readonly<Record<string, unknown>> {
  const { id, location, status, problem, startedAt } = operation;
  return {
    id: `/subscriptions/${subscriptionId}/providers/Microsoft.KeyVault/locations/${location}/managedHsmOperationStatuses/${id}`,
    name: id,
    status,
    startTime: startedAt,
    ...(problem === undefined ? {} : { error: { code: 'OperationFailed', message: problem } }),
  };
}
