// Rows of Microsoft.KeyVault/managedHSMs. Creation and deletion answer 202 at once; the client polls the operation
// that `Location` names until it answers 200.
import {
  type Authenticate,
  type ControlAnswer,
  type ControlCaller,
  ControlError,
  type ControlMethod,
  type ControlRequest,
  type ControlRow,
} from '../../wire/control-row.ts';
import { type ArmAccess, authorize, checkApiVersion } from './authorize.ts';
import { describeDeletedHsm, describeHsm } from './describe-hsm.ts';
import { findHsm, placeOf, requireHsm } from './find-hsm.ts';
import type { HsmLifecycle } from './hsm-lifecycle.ts';
import { accepted, beginDeletion } from './hsm-operations.ts';
import { changedHsm, findNameProblem, newHsm } from './hsm-rules.ts';
import type { InstanceHost } from './instance-host.ts';
import { readHsmBody } from './read-hsm-body.ts';
import { requireGroup } from './resource-groups.ts';
import type { ManagedHsm } from './resources.ts';
import type { ResourceBook } from './resources-file.ts';

export interface ManagedHsmOptions {
  readonly book: ResourceBook;
  readonly authenticate: Authenticate;
  readonly lifecycle: HsmLifecycle;
  readonly host: InstanceHost;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

type Handle = (request: ControlRequest, caller: ControlCaller) => ControlAnswer | Promise<ControlAnswer>;

export function managedHsmRows({ book, authenticate, lifecycle, host, now }: ManagedHsmOptions): readonly ControlRow[] {
  const row = (method: ControlMethod, path: string, access: ArmAccess, handle: Handle): ControlRow => ({
    host: 'arm',
    method,
    path,
    body: method === 'PUT' || method === 'PATCH' || method === 'POST' ? 'json' : 'none',
    async handle(request) {
      checkApiVersion(request);
      return handle(request, await authorize(authenticate, book.current, request, access));
    },
  });
  const show = (hsm: ManagedHsm, { names }: ControlRequest) =>
    describeHsm(book.current, hsm, names, host.status(hsm.name));
  const listing = (request: ControlRequest, hsms: readonly ManagedHsm[]): ControlAnswer => ({
    status: 200,
    json: { value: hsms.map((hsm) => show(hsm, request)) },
  });
  const time = (): string => new Date(now()).toISOString();

  const put: Handle = async (request, caller) => {
    const { name, resourceGroup } = placeOf(request);
    const body = readHsmBody(request.body);
    const existing = findHsm(book.current, { name, resourceGroup });
    if (existing === undefined) {
      const operation = await lifecycle.begin(
        'create',
        name,
        (resources) =>
          // Two creations at the same time: the second one finds the first one's record.
          findHsm(resources, { name, resourceGroup }) ??
          newHsm(resources, { name, resourceGroup }, body, caller, time()),
      );
      return accepted(book.current, request, operation);
    }
    if (existing.state === 'Provisioning') {
      return accepted(book.current, request, await lifecycle.begin('create', name, () => existing));
    }
    if (existing.state === 'Failed') {
      const operation = await lifecycle.begin('create', name, (resources) => {
        const { problem: _, ...again } = changedHsm(resources, existing, body, caller, time());
        return { ...again, state: 'Provisioning' };
      });
      return accepted(book.current, request, operation);
    }
    return update(request, caller, body);
  };
  const update = async (request: ControlRequest, caller: ControlCaller, body = readHsmBody(request.body)) => {
    const hsm = await book.update((resources) => {
      const before = requireHsm(resources, request);
      const after = changedHsm(resources, before, body, caller, time());
      const managedHsms = resources.managedHsms.map((each) => (each === before ? after : each));
      return { resources: { ...resources, managedHsms }, result: after };
    });
    return { status: 200, json: show(hsm, request) };
  };
  const remove: Handle = async (request) => {
    const { name, resourceGroup } = placeOf(request);
    requireGroup(book.current, resourceGroup);
    if (findHsm(book.current, { name, resourceGroup }) === undefined) return { status: 204 };
    return accepted(
      book.current,
      request,
      await beginDeletion(lifecycle, name, (resources) => requireHsm(resources, request)),
    );
  };
  const poll: Handle = (request) => {
    const id = request.params.id?.toLowerCase();
    const operation = book.current.operations.find((each) => each.id === id);
    if (operation === undefined) {
      throw new ControlError(404, 'OperationNotFound', 'There is no such operation, or it ended long ago.');
    }
    const hsm = book.current.managedHsms.find((each) => each.name === operation.hsm);
    if (hsm?.state === 'Provisioning' || hsm?.state === 'Deleting') return accepted(book.current, request, operation);
    if (hsm?.state === 'Failed')
      throw new ControlError(409, 'ProvisioningFailed', hsm.problem ?? 'The operation failed.');
    return hsm === undefined || operation.kind === 'delete'
      ? { status: 200 }
      : { status: 200, json: show(hsm, request) };
  };

  const subscription = '/subscriptions/:subscription';
  const provider = 'providers/Microsoft.KeyVault';
  const group = `${subscription}/resourceGroups/:group/${provider}/managedHSMs`;
  return [
    row('PUT', `${group}/:name`, 'write', put),
    row('PATCH', `${group}/:name`, 'write', (request, caller) => update(request, caller)),
    row('GET', `${group}/:name`, 'read', (request) => ({
      status: 200,
      json: show(requireHsm(book.current, request), request),
    })),
    row('DELETE', `${group}/:name`, 'write', remove),
    row('GET', group, 'read', (request) => {
      const { name } = requireGroup(book.current, request.params.group ?? '');
      return listing(
        request,
        book.current.managedHsms.filter((hsm) => hsm.resourceGroup === name),
      );
    }),
    row('GET', `${subscription}/${provider}/managedHSMs`, 'read', (request) =>
      listing(request, book.current.managedHsms),
    ),
    row('POST', `${subscription}/${provider}/checkMhsmNameAvailability`, 'read', ({ body }) => {
      const { name } = body as { readonly name?: unknown };
      if (typeof name !== 'string') throw new ControlError(400, 'BadRequest', 'body.name must be a string');
      const problem = findNameProblem(book.current, name.toLowerCase());
      return { status: 200, json: { nameAvailable: problem === undefined, ...problem } };
    }),
    row('GET', `${subscription}/${provider}/locations/:location/managedHsmOperationResults/:id`, 'read', poll),
    row('GET', `${subscription}/${provider}/deletedManagedHSMs`, 'read', () => ({
      status: 200,
      json: { value: book.current.deletedHsms.map((each) => describeDeletedHsm(book.current, each)) },
    })),
    row('GET', `${subscription}/${provider}/locations/:location/deletedManagedHSMs/:name`, 'read', ({ params }) => {
      const deleted = book.current.deletedHsms.find(
        ({ hsm }) => hsm.name === params.name?.toLowerCase() && hsm.location === params.location?.toLowerCase(),
      );
      if (deleted === undefined) {
        throw new ControlError(404, 'DeletedHsmNotFound', 'There is no deleted managed HSM of that name and location.');
      }
      return { status: 200, json: describeDeletedHsm(book.current, deleted) };
    }),
  ];
}
