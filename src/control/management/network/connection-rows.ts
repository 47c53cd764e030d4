// Rows of an HSM's private endpoint connections: who may come in by a private listener. They are asked for by private
// endpoints; here they are approved, rejected and deleted.
import { ShapeError, text } from '../../../formats/shape.ts';
import { ControlError, type ControlRequest, type ControlRow } from '../../../http/control-row.ts';
import { choice, members } from '../../../http/management-shape.ts';
import { type Handle, HSM, type MakeRow, type Management } from '../arm-row.ts';
import { hsmId, requireHsm } from '../find.ts';
import { beginConnecting, checkIdle } from '../hsm/decisions.ts';
import { HSM_TYPE } from '../hsm/describe-hsm.ts';
import { checkMatch, etagOf, preconditionFailed } from '../hsm/etag.ts';
import { answerBegun, asyncOperation, changeNow } from '../hsm/operations.ts';
import type { EndpointConnection, ManagedHsm, Resources } from '../resources.ts';
import { describeConnection } from './connections.ts';

const ACTION = `${HSM_TYPE}/privateEndpointConnections`;
const readBody = members({
  properties: members({
    privateLinkServiceConnectionState: members(
      { status: choice('Approved', 'Rejected', 'Disconnected', 'Pending') },
      { description: text },
    ),
  }),
});
const LONGEST_DESCRIPTION = 140;

export function connectionRows(management: Management, row: MakeRow): readonly ControlRow[] {
  const { book, now } = management;
  const list = `${HSM}/privateEndpointConnections`;
  const one = `${list}/:connection`;
  const show = (hsm: ManagedHsm, connection: EndpointConnection) => describeConnection(book.current, hsm, connection);
  const time = (): string => new Date(now()).toISOString();

  const put: Handle = async (request, caller) => {
    const { etag } = request.body as { readonly etag?: unknown };
    const { status, description = '' } = readBody(request.body, 'body').properties.privateLinkServiceConnectionState;
    if (description.length > LONGEST_DESCRIPTION) {
      const path = 'body.properties.privateLinkServiceConnectionState.description';
      throw new ShapeError(`${path} has more than ${LONGEST_DESCRIPTION} characters`);
    }
    const decide = (resources: Resources) => {
      const hsm = requireHsm(resources, request);
      const before = requireConnection(hsm, request);
      checkMatch(request, etagOf(before));
      if (typeof etag === 'string' && etag !== '' && etag !== etagOf(before)) {
        throw preconditionFailed('The connection was changed since body.etag was read; read it again.');
      }
      checkIdle(hsm);
      if (status === 'Pending')
        throw new ShapeError('A connection is approved or rejected; it cannot be made pending again.');
      if (before.status === 'Disconnected')
        throw new ControlError(409, 'Conflict', 'The private endpoint is gone; delete the connection.');
      return { hsm, before, after: { ...before, status, description } };
    };
    const { after } = decide(book.current);
    const operation = await changeNow(management, request, (resources) => {
      const { hsm, before, after } = decide(resources);
      const connections = hsm.connections.map((each) => (each === before ? after : each));
      return beginConnecting(resources, hsm, connections, caller, time());
    });
    return {
      headers: asyncOperation(book.current, request, operation),
      json: show(requireHsm(book.current, request), after),
    };
  };

  const remove: Handle = (request, caller) => {
    if (findConnection(requireHsm(book.current, request), request) === undefined) return { status: 204 };
    return answerBegun(management, request, 'update', (resources) => {
      const hsm = requireHsm(resources, request);
      const gone = requireConnection(hsm, request);
      checkMatch(request, etagOf(gone));
      checkIdle(hsm);
      const connections = hsm.connections.filter((each) => each !== gone);
      return beginConnecting(resources, hsm, connections, caller, time());
    });
  };

  return [
    row('GET', list, `${ACTION}/read`, (request) => {
      const hsm = requireHsm(book.current, request);
      return { json: { value: hsm.connections.map((each) => show(hsm, each)) } };
    }),
    row('GET', one, `${ACTION}/read`, (request) => {
      const hsm = requireHsm(book.current, request);
      const connection = requireConnection(hsm, request);
      return { headers: { etag: etagOf(connection) }, json: show(hsm, connection) };
    }),
    row('PUT', one, `${ACTION}/write`, put),
    row('DELETE', one, `${ACTION}/delete`, remove),
    row('GET', `${HSM}/privateLinkResources`, `${HSM_TYPE}/privateLinkResources/read`, (request) => {
      const id = `${hsmId(book.current, requireHsm(book.current, request))}/privateLinkResources/managedhsm`;
      const properties = {
        groupId: 'managedhsm',
        requiredMembers: ['default'],
        requiredZoneNames: ['privatelink.managedhsm.azure.net'],
      };
      const type = `${HSM_TYPE}/privateLinkResources`;
      return { json: { value: [{ id, name: 'managedhsm', type, properties }] } };
    }),
  ];
}

function findConnection({ connections }: ManagedHsm, { params }: ControlRequest): EndpointConnection | undefined {
  const wanted = params.connection?.toLowerCase();
  return connections.find(({ name }) => name.toLowerCase() === wanted);
}

function requireConnection(hsm: ManagedHsm, request: ControlRequest): EndpointConnection {
  const found = findConnection(hsm, request);
  if (found !== undefined) return found;
  throw new ControlError(404, 'ResourceNotFound', `'${hsm.spelledName}' has no such private endpoint connection.`);
}
