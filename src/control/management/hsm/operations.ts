// Long-running operations as clients see them, in both styles: polled at `Location` until it answers 200, or at
// `Azure-AsyncOperation` until its body says how it ended.
import { isGuid } from '../../../formats/guid.ts';
import {
  type ControlAnswer,
  type ControlCaller,
  ControlError,
  type ControlRequest,
  type ControlRow,
} from '../../../http/control-row.ts';
import { readable } from '../access/authorize.ts';
import { KEY_VAULT, type MakeRow, type Management, SUBSCRIPTION } from '../arm-row.ts';
import { findHsm } from '../find.ts';
import type { Operation, Resources } from '../resources.ts';
import type { Decide } from './decisions.ts';
import { answerHsm, HSM_TYPE } from './describe-hsm.ts';

/** Begins work on an HSM: 202 without a body, as creation, deletion, recovery and purge answer. */
export async function answerBegun(
  { book, lifecycle }: Management,
  request: ControlRequest,
  kind: Operation['kind'],
  decide: Decide,
): Promise<ControlAnswer> {
  return accepted(book.current, request, await lifecycle.begin(request, kind, decide));
}

/** Every worker goes by a change within milliseconds; one that just starts may take longer, and then it is polled. */
const END_WITHIN_MS = 10_000;

/** Begins a change of an HSM that clients take the answer of for the end of it. @throws ControlError when it did not end well */
export async function changeNow(
  { book, lifecycle }: Management,
  request: ControlRequest,
  decide: Decide,
): Promise<Operation> {
  const operation = await lifecycle.begin(request, 'update', decide);
  await lifecycle.awaitEnd(operation, END_WITHIN_MS);
  const now = book.current.operations.find(({ id }) => id === operation.id) ?? operation;
  checkEnd(now);
  return now;
}

function accepted(resources: Resources, request: ControlRequest, operation: Operation): ControlAnswer {
  const location = pollUrl(resources, request, operation, 'managedHsmOperationResults');
  return { status: 202, headers: { location, 'retry-after': '1' } };
}

export function asyncOperation(resources: Resources, request: ControlRequest, operation: Operation) {
  const url = pollUrl(resources, request, operation, STATUSES);
  return { 'azure-asyncoperation': url, 'retry-after': '1' } as const;
}

const STATUSES = 'managedHsmOperationStatuses';

function pollUrl(resources: Resources, { names, query }: ControlRequest, operation: Operation, kind: string): string {
  const version = encodeURIComponent(query.get('api-version') ?? '');
  return `${names.arm}${pathOf(resources, operation, kind)}?api-version=${version}`;
}

function pathOf({ subscriptionId }: Resources, { location, id }: Operation, kind: string): string {
  return `/subscriptions/${subscriptionId}/providers/Microsoft.KeyVault/locations/${location}/${kind}/${id}`;
}

export function operationRows({ book, host }: Management, row: MakeRow): readonly ControlRow[] {
  /** Who may see the HSM may follow what is done to it. Old and foreign poll URLs find nothing. @throws ControlError 404 */
  const operationOf = ({ params }: ControlRequest, caller: ControlCaller): Operation => {
    const id = params.id?.toLowerCase() ?? '';
    const location = params.location?.toLowerCase();
    const named = book.current.operations.filter((each) => isGuid(id) && each.id === id && each.location === location);
    const [found] = readable(book.current, caller, `${HSM_TYPE}/read`, named, ({ resourceGroup: group, hsm }) => ({
      group,
      hsm,
    }));
    if (found !== undefined) return found;
    throw new ControlError(404, 'OperationNotFound', 'There is no such operation, or it ended long ago.');
  };
  const at = (kind: string) => `${SUBSCRIPTION}/${KEY_VAULT}/locations/:location/${kind}/:id`;
  const demand = { action: `${HSM_TYPE}/read`, at: 'anywhere' } as const;
  return [
    row('GET', at('managedHsmOperationResults'), demand, (request, caller) => {
      const operation = operationOf(request, caller);
      const { status, kind, hsm: name, resourceGroup } = operation;
      if (status === 'InProgress') return accepted(book.current, request, operation);
      checkEnd(operation);
      if (kind === 'delete' || kind === 'purge') return { status: 200 };
      const hsm = findHsm(book.current, { name, resourceGroup });
      if (hsm === undefined) throw new ControlError(404, 'ResourceNotFound', `'${name}' was deleted since.`);
      return answerHsm(book.current, hsm, request, host);
    }),
    row('GET', at(STATUSES), demand, (request, caller) => {
      const operation = operationOf(request, caller);
      const { id, status, problem, startedAt } = operation;
      return {
        headers: status === 'InProgress' ? asyncOperation(book.current, request, operation) : {},
        json: {
          id: pathOf(book.current, operation, STATUSES),
          name: id,
          status,
          startTime: startedAt,
          ...(problem === undefined ? {} : { error: { code: 'OperationFailed', message: problem } }),
        },
      };
    }),
  ];
}

/** @throws ControlError 409 when it has ended, and not well */
function checkEnd({ status, problem = 'The operation failed.' }: Operation): void {
  if (status === 'Failed') throw new ControlError(409, 'OperationFailed', problem);
}
