// Rows of Microsoft.KeyVault/managedHSMs. What the instance has to do or to hear of is answered 202 at once and polled at
// `Location`, which ends with the resource if there still is one; other changes are answered 200 with it.
import { text } from '../../../formats/shape.ts';
import {
  type ControlAnswer,
  type ControlCaller,
  ControlError,
  type ControlRequest,
  type ControlRow,
} from '../../../http/control-row.ts';
import type { InstanceHost } from '../../../links/instance-host.ts';
import { mayAt } from '../access/authorize.ts';
import { scopeOf } from '../access/scope.ts';
import { GROUP, type Handle, HSM, KEY_VAULT, type MakeRow, SUBSCRIPTION } from '../arm-row.ts';
import { isIn, requireGroup } from '../resource-groups.ts';
import type { ManagedHsm, Resources } from '../resources.ts';
import type { ResourceStore } from '../resources-file.ts';
import { beginDeletion } from './begin-deletion.ts';
import { checkMatch } from './check-match.ts';
import { describeHsm, etagOf } from './describe-hsm.ts';
import { findHsm, hsmPathOf, requireHsm } from './find-hsm.ts';
import type { HsmLifecycle } from './hsm-lifecycle.ts';
import {
  asMeant,
  changedHsm,
  checkIdle,
  concernsInstance,
  findNameProblem,
  type NewHsmRules,
  newHsm,
} from './hsm-rules.ts';
import { accepted, asyncOperation, describeOperation, requireOperation } from './operations.ts';
import { readPage } from './page.ts';
import { type HsmBody, readHsmBody } from './read-hsm-body.ts';
import { isRecovery, recovering, withHsm } from './recovery.ts';

export interface ManagedHsmOptions {
  readonly book: ResourceStore;
  readonly row: MakeRow;
  readonly lifecycle: HsmLifecycle;
  readonly host: InstanceHost;
  readonly newHsms: NewHsmRules;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

const ACTION = 'Microsoft.KeyVault/managedHSMs';

export function managedHsmRows({ book, row, lifecycle, host, newHsms, now }: ManagedHsmOptions): readonly ControlRow[] {
  const answer = (hsm: ManagedHsm, { names }: ControlRequest): ControlAnswer => ({
    status: 200,
    headers: { etag: etagOf(hsm) },
    json: describeHsm(book.current, hsm, names, host.status(hsm.name)),
  });
  const listing = (request: ControlRequest, caller: ControlCaller, hsms: readonly ManagedHsm[]): ControlAnswer => {
    const visible = hsms.filter((hsm) =>
      mayAt(book.current, caller, `${ACTION}/read`, scopeOf(book.current, { group: hsm.resourceGroup, hsm: hsm.name })),
    );
    const { items, nextLink } = readPage(request, visible, ({ name }) => name);
    const value = items.map((hsm) => describeHsm(book.current, hsm, request.names, host.status(hsm.name)));
    return { status: 200, json: { value, ...(nextLink === undefined ? {} : { nextLink }) } };
  };
  const time = (): string => new Date(now()).toISOString();

  const put: Handle = async (request, caller) => {
    const place = hsmPathOf(request);
    const body = asMeant(readHsmBody(request.body), newHsms);
    const existing = findHsm(book.current, place);
    if (existing !== undefined && existing.state !== 'Failed' && existing.state !== 'Provisioning') {
      return change(request, caller, body);
    }
    if (isRecovery(book.current, place.name, body)) {
      return accepted(
        book.current,
        request,
        await lifecycle.begin(request, 'recover', recovering(request, caller, body, time())),
      );
    }
    const operation = await lifecycle.begin(request, 'create', (resources) => {
      const before = findHsm(resources, place);
      checkMatch(request, before === undefined ? undefined : etagOf(before));
      if (before === undefined)
        return withHsm(resources, newHsm(resources, { ...place, ...newHsms }, body, caller, time()));
      // Two creations at the same time: the second one joins the first one's work, if it means the same.
      if (before.state === 'Provisioning') {
        changedHsm(resources, before, body, caller, time());
        return { hsm: before };
      }
      checkIdle(before);
      const { problem: _, ...again } = changedHsm(resources, before, body, caller, time());
      return withHsm(resources, { ...again, state: 'Provisioning' });
    });
    return accepted(book.current, request, operation);
  };

  const change = async (request: ControlRequest, caller: ControlCaller, body: HsmBody): Promise<ControlAnswer> => {
    const decide = (resources: Resources) => {
      const before = requireHsm(resources, request);
      checkMatch(request, etagOf(before));
      checkIdle(before);
      return { before, after: changedHsm(resources, before, body, caller, time()) };
    };
    const { before, after } = decide(book.current);
    if (!concernsInstance(before, after)) {
      const hsm = await book.update(request, (resources) => {
        const now = decide(resources);
        if (concernsInstance(now.before, now.after)) throw changedMeanwhile();
        return { resources: withHsm(resources, now.after).resources, result: now.after };
      });
      return answer(hsm, request);
    }
    const operation = await lifecycle.begin(request, 'update', (resources) =>
      withHsm(resources, { ...decide(resources).after, state: 'Updating' }),
    );
    return accepted(book.current, request, operation);
  };

  const remove: Handle = async (request) => {
    const place = hsmPathOf(request);
    requireGroup(book.current, place.resourceGroup);
    if (findHsm(book.current, place) === undefined) return { status: 204 };
    const operation = await beginDeletion(lifecycle, request, (resources) => {
      const hsm = requireHsm(resources, request);
      checkMatch(request, etagOf(hsm));
      return hsm;
    });
    return accepted(book.current, request, operation);
  };

  /** Who may see the HSM may follow what is done to it. */
  const operationOf = (request: ControlRequest, caller: ControlCaller) => {
    const operation = requireOperation(book.current, request);
    const scope = scopeOf(book.current, { group: operation.resourceGroup, hsm: operation.hsm });
    if (!mayAt(book.current, caller, `${ACTION}/read`, scope)) {
      throw new ControlError(404, 'OperationNotFound', 'There is no such operation, or it ended long ago.');
    }
    return operation;
  };
  const pollLocation: Handle = (request, caller) => {
    const operation = operationOf(request, caller);
    if (operation.status === 'InProgress') return accepted(book.current, request, operation);
    if (operation.status === 'Failed') {
      throw new ControlError(409, 'OperationFailed', operation.problem ?? 'The operation failed.');
    }
    if (operation.kind === 'delete' || operation.kind === 'purge') return { status: 200 };
    const { hsm: name, resourceGroup } = operation;
    const hsm = findHsm(book.current, { name, resourceGroup });
    if (hsm === undefined) throw new ControlError(404, 'ResourceNotFound', `'${name}' was deleted since.`);
    return answer(hsm, request);
  };

  const results = `${SUBSCRIPTION}/${KEY_VAULT}/locations/:location`;
  const poll = { action: `${ACTION}/read`, at: 'anywhere' } as const;
  return [
    row('PUT', HSM, `${ACTION}/write`, put),
    row('PATCH', HSM, `${ACTION}/write`, (request, caller) => change(request, caller, readHsmBody(request.body, true))),
    row('GET', HSM, `${ACTION}/read`, (request) => answer(requireHsm(book.current, request), request)),
    row('DELETE', HSM, `${ACTION}/delete`, remove),
    row('GET', `${GROUP}/${KEY_VAULT}/managedHSMs`, `${ACTION}/read`, (request, caller) => {
      const { name } = requireGroup(book.current, request.params.group ?? '');
      const inGroup = book.current.managedHsms.filter((hsm) => isIn(name, hsm));
      return listing(request, caller, inGroup);
    }),
    row('GET', `${SUBSCRIPTION}/${KEY_VAULT}/managedHSMs`, poll, (request, caller) =>
      listing(request, caller, book.current.managedHsms),
    ),
    row('POST', `${SUBSCRIPTION}/${KEY_VAULT}/checkMhsmNameAvailability`, poll, ({ body }) => {
      const name = text((body as { readonly name?: unknown }).name, 'body.name');
      const problem = findNameProblem(book.current, name);
      return { status: 200, json: { nameAvailable: problem === undefined, ...problem } };
    }),
    row('GET', `${HSM}/regions`, `${ACTION}/read`, (request) => {
      const { location } = requireHsm(book.current, request);
      return { status: 200, json: { value: [{ name: location, provisioningState: 'Succeeded', isPrimary: true }] } };
    }),
    row('GET', `${results}/managedHsmOperationResults/:id`, poll, pollLocation),
    row('GET', `${results}/managedHsmOperationStatuses/:id`, poll, (request, caller) => {
      const operation = operationOf(request, caller);
      const headers = operation.status === 'InProgress' ? asyncOperation(book.current, request, operation) : {};
      return { status: 200, headers, json: describeOperation(book.current, operation) };
    }),
  ];
}

function changedMeanwhile(): ControlError {
  return new ControlError(409, 'ConflictError', 'The HSM was changed meanwhile; read it and try again.');
}
