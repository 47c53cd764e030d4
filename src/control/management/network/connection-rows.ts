// Rows of an HSM's private endpoint connections: who may come in by a private listener. They are asked for by private
// endpoints; here they are approved, rejected and deleted.
import { text } from '../../../formats/shape.ts';
import { type ControlCaller, ControlError, type ControlRequest, type ControlRow } from '../../../http/control-row.ts';
import { choice, members } from '../../../http/management-shape.ts';
import { HSM, type MakeRow } from '../arm-row.ts';
import { checkMatch } from '../hsm/check-match.ts';
import { hsmId } from '../hsm/describe-hsm.ts';
import { requireHsm } from '../hsm/find-hsm.ts';
import type { HsmLifecycle } from '../hsm/hsm-lifecycle.ts';
import { checkIdle, modifiedBy } from '../hsm/hsm-rules.ts';
import { accepted, asyncOperation } from '../hsm/operations.ts';
import type { EndpointConnection, ManagedHsm, Operation, Resources } from '../resources.ts';
import type { ResourceStore } from '../resources-file.ts';
import { connectionEtag, describeConnection } from './describe-connection.ts';

export interface ConnectionOptions {
  readonly book: ResourceStore;
  readonly row: MakeRow;
  readonly lifecycle: HsmLifecycle;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

const ACTION = 'Microsoft.KeyVault/managedHSMs/privateEndpointConnections';
const readBody = members({
  properties: members({
    privateLinkServiceConnectionState: members(
      { status: choice('Approved', 'Rejected', 'Disconnected', 'Pending') },
      { description: text },
    ),
  }),
});
const LONGEST_DESCRIPTION = 140;
/** Every worker goes by it within milliseconds; a worker that just starts may take longer, and then it is polled. */
const END_WITHIN_MS = 10_000;

export function connectionRows({ book, row, lifecycle, now }: ConnectionOptions): readonly ControlRow[] {
  const list = `${HSM}/privateEndpointConnections`;
  const one = `${list}/:connection`;
  const show = (hsm: ManagedHsm, connection: EndpointConnection) =>
    describeConnection(
      { id: hsmId(book.current, hsm), location: hsm.location },
      connection,
      hsm.state === 'Updating' ? 'Updating' : 'Succeeded',
    );

  const put = async (request: ControlRequest, caller: ControlCaller) => {
    const { etag } = request.body as { readonly etag?: unknown };
    const { status, description = '' } = readBody(request.body, 'body').properties.privateLinkServiceConnectionState;
    if (description.length > LONGEST_DESCRIPTION) {
      throw new ControlError(
        400,
        'BadRequest',
        `body.properties.privateLinkServiceConnectionState.description has more than ${LONGEST_DESCRIPTION} characters`,
      );
    }
    const decide = (resources: Resources) => {
      const hsm = requireHsm(resources, request);
      const before = requireConnection(hsm, request);
      checkMatch(request, connectionEtag(before));
      if (typeof etag === 'string' && etag !== '' && etag !== connectionEtag(before)) {
        throw new ControlError(
          412,
          'PreconditionFailed',
          'The connection was changed since body.etag was read; read it again.',
        );
      }
      checkIdle(hsm);
      if (status === 'Pending')
        throw new ControlError(
          400,
          'BadRequest',
          'A connection is approved or rejected; it cannot be made pending again.',
        );
      if (before.status === 'Disconnected')
        throw new ControlError(409, 'Conflict', 'The private endpoint is gone; delete the connection.');
      return { hsm, before, after: { ...before, status, description } };
    };
    const { after } = decide(book.current);
    const operation = await lifecycle.begin(request, 'update', (resources) => {
      const { hsm, before, after } = decide(resources);
      const connections = hsm.connections.map((each) => (each === before ? after : each));
      return updating(resources, hsm, connections, caller, new Date(now()).toISOString());
    });
    // Stock SDKs take this answer for the end of it and go on.
    await lifecycle.awaitEnd(operation, END_WITHIN_MS);
    checkEnd(book.current, operation);
    return {
      status: 200,
      headers: asyncOperation(book.current, request, operation),
      json: show(requireHsm(book.current, request), after),
    };
  };

  const remove = async (request: ControlRequest, caller: ControlCaller) => {
    const hsm = requireHsm(book.current, request);
    if (findConnection(hsm, request) === undefined) return { status: 204 };
    const operation = await lifecycle.begin(request, 'update', (resources) => {
      const hsm = requireHsm(resources, request);
      const gone = requireConnection(hsm, request);
      checkMatch(request, connectionEtag(gone));
      checkIdle(hsm);
      const connections = hsm.connections.filter((each) => each !== gone);
      return updating(resources, hsm, connections, caller, new Date(now()).toISOString());
    });
    return accepted(book.current, request, operation);
  };

  return [
    row('GET', list, `${ACTION}/read`, (request) => {
      const hsm = requireHsm(book.current, request);
      return { status: 200, json: { value: hsm.connections.map((each) => show(hsm, each)) } };
    }),
    row('GET', one, `${ACTION}/read`, (request) => {
      const hsm = requireHsm(book.current, request);
      const connection = requireConnection(hsm, request);
      return { status: 200, headers: { etag: connectionEtag(connection) }, json: show(hsm, connection) };
    }),
    row('PUT', one, `${ACTION}/write`, put),
    row('DELETE', one, `${ACTION}/delete`, remove),
    row('GET', `${HSM}/privateLinkResources`, 'Microsoft.KeyVault/managedHSMs/privateLinkResources/read', (request) => {
      const hsm = requireHsm(book.current, request);
      const id = `${hsmId(book.current, hsm)}/privateLinkResources/managedhsm`;
      const properties = {
        groupId: 'managedhsm',
        requiredMembers: ['default'],
        requiredZoneNames: ['privatelink.managedhsm.azure.net'],
      };
      const type = 'Microsoft.KeyVault/managedHSMs/privateLinkResources';
      return { status: 200, json: { value: [{ id, name: 'managedhsm', type, properties }] } };
    }),
  ];
}

export function updating(
  resources: Resources,
  hsm: ManagedHsm,
  connections: ManagedHsm['connections'],
  caller: ControlCaller,
  at: string,
): { readonly resources: Resources; readonly hsm: ManagedHsm } {
  const after: ManagedHsm = { ...hsm, connections, ...modifiedBy(caller, at), state: 'Updating' };
  const managedHsms = resources.managedHsms.map((each) => (each === hsm ? after : each));
  return { resources: { ...resources, managedHsms }, hsm: after };
}

/** @throws ControlError when it has ended, and not well */
function checkEnd({ operations }: Resources, { id }: Operation): void {
  const { status, problem = 'The operation failed.' } = operations.find((each) => each.id === id) ?? {};
  if (status === 'Failed') throw new ControlError(409, 'OperationFailed', problem);
}

function findConnection({ connections }: ManagedHsm, { params }: ControlRequest): EndpointConnection | undefined {
  const wanted = params.connection?.toLowerCase();
  return connections.find(({ name }) => name.toLowerCase() === wanted);
}

function requireConnection(hsm: ManagedHsm, request: ControlRequest): EndpointConnection {
  const found = findConnection(hsm, request);
  if (found === undefined) {
    throw new ControlError(404, 'ResourceNotFound', `'${hsm.spelledName}' has no such private endpoint connection.`);
  }
  return found;
}
