// Rows of Microsoft.Network/privateEndpoints, as far as they concern an HSM: making one asks for a connection at the HSM,
// which is approved at once where the caller may approve it. Nothing here has a network interface: a private listener of the
// instance is tied to the connection by its name.
import { randomUUID } from 'node:crypto';
import { list, matching, ShapeError, text } from '../../../formats/shape.ts';
import { ControlError, type ControlRequest, type ControlRow } from '../../../http/control-row.ts';
import { members } from '../../../http/management-shape.ts';
import { readable, requireAt } from '../access/authorize.ts';
import { scopeOf } from '../access/scope.ts';
import { GROUP, type Handle, type MakeRow, type Management, SUBSCRIPTION } from '../arm-row.ts';
import { endpointId, findByName, hsmId, isIn, requireGroup, withHsm } from '../find.ts';
import { beginConnecting, checkIdle, conflict } from '../hsm/decisions.ts';
import { HSM_TYPE, placeOf } from '../hsm/describe-hsm.ts';
import { answerBegun, asyncOperation } from '../hsm/operations.ts';
import { readLocation } from '../locations.ts';
import { type ManagedHsm, type PrivateEndpoint, type Resources, readTags } from '../resources.ts';
import { checkRoom, checkRoomToAsk, withoutUnapproved } from './connections.ts';

const ACTION = 'Microsoft.Network/privateEndpoints';
const NAME = /^[A-Za-z0-9](?:[\w.-]{0,40}\w)?$/;
const link = members({
  name: text,
  properties: members({ privateLinkServiceId: text, groupIds: list(text, 1) }, { requestMessage: text }),
});
const readBody = members(
  {
    location: text,
    properties: members(
      { subnet: members({ id: matching(/^\/[^\p{Cc}?#]{1,1024}$/u, 'a resource id') }) },
      { privateLinkServiceConnections: list(link, 1), manualPrivateLinkServiceConnections: list(link, 1) },
    ),
  },
  {},
  { tags: readTags },
);

export function privateEndpointRows(management: Management, row: MakeRow): readonly ControlRow[] {
  const { book, lifecycle, now } = management;
  const all = `${GROUP}/providers/${ACTION}`;
  const one = `${all}/:endpoint`;
  const show = (endpoint: PrivateEndpoint) => describeEndpoint(book.current, endpoint);

  const put: Handle = async (request, caller) => {
    const name = request.params.endpoint ?? '';
    if (!NAME.test(name)) {
      const message = 'The name of a private endpoint has 1 to 42 letters, digits, underscores, periods and hyphens.';
      throw new ControlError(400, 'InvalidResourceName', message);
    }
    const body = readBody(request.body, 'body');
    const { privateLinkServiceConnections: direct = [], manualPrivateLinkServiceConnections: byHand = [] } =
      body.properties;
    const [wanted, ...more] = [...direct, ...byHand];
    if (wanted === undefined || more.length > 0)
      throw new ShapeError('body.properties must have exactly one connection to an HSM');
    const [member] = wanted.properties.groupIds;
    if (member?.toLowerCase() !== 'managedhsm') throw new ShapeError("The group id of an HSM is 'managedhsm'.");
    const existing = findEndpoint(book.current, request);
    if (existing !== undefined) return { json: show(existing) };
    const manual = direct.length === 0;
    const make = (resources: Resources) => {
      const group = requireGroup(resources, request.params.group);
      const hsm = requireTarget(resources, wanted.properties.privateLinkServiceId);
      if (!manual) {
        const scope = scopeOf(resources, placeOf(hsm));
        requireAt(resources, caller, `${HSM_TYPE}/privateEndpointConnections/write`, scope);
        checkIdle(hsm);
      }
      if (findEndpoint(resources, request) !== undefined)
        throw conflict(`The private endpoint '${name}' was made meanwhile.`);
      if (manual) checkRoomToAsk(resources, hsm, group.name);
      checkRoom(hsm);
      const endpoint: PrivateEndpoint = {
        name,
        resourceGroup: group.name,
        location: readLocation(body.location),
        tags: body.tags ?? {},
        subnetId: body.properties.subnet.id,
        hsm: hsm.name,
        connection: `${name}.${randomUUID()}`,
        linkName: wanted.name,
        manual,
        requestMessage: wanted.properties.requestMessage ?? '',
      };
      const connection = {
        name: endpoint.connection,
        endpointId: endpointId(resources, endpoint),
        status: manual ? ('Pending' as const) : ('Approved' as const),
        description: manual ? endpoint.requestMessage.slice(0, 140) : '',
      };
      const privateEndpoints = [...resources.privateEndpoints, endpoint];
      const connections = [...hsm.connections, connection];
      return { resources: { ...resources, privateEndpoints }, hsm, endpoint, connections };
    };
    // The HSM goes on as it is: until its owner approves the connection it is nothing to the instance.
    if (manual) {
      const endpoint = await book.update(request, (before) => {
        const { resources, hsm, endpoint, connections } = make(before);
        return { resources: withHsm(resources, { ...hsm, connections }).resources, result: endpoint };
      });
      return { status: 201, json: show(endpoint) };
    }
    let endpoint: PrivateEndpoint | undefined;
    const operation = await lifecycle.begin(request, 'update', (before) => {
      const made = make(before);
      endpoint = made.endpoint;
      return beginConnecting(made.resources, made.hsm, made.connections, caller, new Date(now()).toISOString());
    });
    if (endpoint === undefined) throw new Error('the endpoint was not recorded');
    // The HSM's own change goes on: who waits for it finds the connection ready to be decided on.
    return { status: 201, headers: asyncOperation(book.current, request, operation), json: show(endpoint) };
  };

  const remove: Handle = async (request, caller) => {
    const endpoint = findEndpoint(book.current, request);
    if (endpoint === undefined) return { status: 204 };
    const without = (resources: Resources): Resources => ({
      ...resources,
      privateEndpoints: resources.privateEndpoints.filter(({ connection }) => connection !== endpoint.connection),
    });
    const isDone = await book.update(request, (before) => {
      const resources = withoutUnapproved(before, endpoint);
      return resources === undefined
        ? { resources: before, result: false }
        : { resources: without(resources), result: true };
    });
    if (isDone) return { status: 200 };
    return answerBegun(management, request, 'update', (resources) => {
      const hsm = findByName(resources, endpoint.hsm);
      if (hsm === undefined) throw conflict('The HSM was deleted meanwhile; try again.');
      checkIdle(hsm);
      // The HSM's owner sees that it is gone, and deletes the connection when that was taken note of.
      const connections = hsm.connections.map((each) =>
        each.name === endpoint.connection ? { ...each, status: 'Disconnected' as const } : each,
      );
      return beginConnecting(without(resources), hsm, connections, caller, new Date(now()).toISOString());
    });
  };

  return [
    row('PUT', one, `${ACTION}/write`, put),
    row('GET', one, `${ACTION}/read`, (request) => {
      const endpoint = findEndpoint(book.current, request);
      if (endpoint === undefined) throw new ControlError(404, 'ResourceNotFound', 'There is no such private endpoint.');
      return { json: show(endpoint) };
    }),
    row('DELETE', one, `${ACTION}/delete`, remove),
    row('GET', all, `${ACTION}/read`, ({ params }) => {
      const { name } = requireGroup(book.current, params.group);
      const value = book.current.privateEndpoints.filter((each) => isIn(name, each)).map(show);
      return { json: { value } };
    }),
    row('GET', `${SUBSCRIPTION}/providers/${ACTION}`, { action: `${ACTION}/read`, at: 'anywhere' }, (_, caller) => {
      const { privateEndpoints } = book.current;
      const visible = readable(book.current, caller, `${ACTION}/read`, privateEndpoints, (each) => ({
        group: each.resourceGroup,
      }));
      return { json: { value: visible.map(show) } };
    }),
  ];
}

function findEndpoint({ privateEndpoints }: Resources, { params }: ControlRequest): PrivateEndpoint | undefined {
  const [group, name] = [params.group?.toLowerCase(), params.endpoint?.toLowerCase()];
  return privateEndpoints.find(
    (each) => each.resourceGroup.toLowerCase() === group && each.name.toLowerCase() === name,
  );
}

function requireTarget(resources: Resources, id: string): ManagedHsm {
  const hsm = resources.managedHsms.find((each) => hsmId(resources, each).toLowerCase() === id.toLowerCase());
  if (hsm !== undefined) return hsm;
  const message = 'privateLinkServiceId names no managed HSM of this subscription';
  throw new ControlError(400, 'InvalidResourceReference', message);
}

/** With the state of its connection at the HSM. */
function describeEndpoint(resources: Resources, endpoint: PrivateEndpoint): Readonly<Record<string, unknown>> {
  const hsm = findByName(resources, endpoint.hsm);
  const connection = hsm?.connections.find(({ name }) => name === endpoint.connection);
  const id = endpointId(resources, endpoint);
  const links = [
    {
      id: `${id}/privateLinkServiceConnections/${endpoint.linkName}`,
      name: endpoint.linkName,
      properties: {
        privateLinkServiceId: hsm === undefined ? '' : hsmId(resources, hsm),
        groupIds: ['managedhsm'],
        requestMessage: endpoint.requestMessage,
        provisioningState: 'Succeeded',
        privateLinkServiceConnectionState: {
          status: connection?.status ?? 'Disconnected',
          description: connection?.description ?? '',
          actionsRequired: 'None',
        },
      },
    },
  ];
  return {
    id,
    name: endpoint.name,
    type: ACTION,
    location: endpoint.location,
    tags: endpoint.tags,
    properties: {
      provisioningState: 'Succeeded',
      subnet: { id: endpoint.subnetId },
      networkInterfaces: [],
      customDnsConfigs: [],
      privateLinkServiceConnections: endpoint.manual ? [] : links,
      manualPrivateLinkServiceConnections: endpoint.manual ? links : [],
    },
  };
}
