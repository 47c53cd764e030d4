// Rows of Microsoft.Network/privateEndpoints, as far as they concern an HSM: making one asks for a connection at the HSM,
// which is approved at once where the caller may approve it. Nothing here has a network interface: a private listener of the
// instance is tied to the connection by its name.
import { randomUUID } from 'node:crypto';
import { list, matching, text } from '../../../formats/shape.ts';
import { type ControlCaller, ControlError, type ControlRequest, type ControlRow } from '../../../http/control-row.ts';
import { members } from '../../../http/management-shape.ts';
import { mayAt, requireAt } from '../access/authorize.ts';
import { scopeOf } from '../access/scope.ts';
import { GROUP, type MakeRow, SUBSCRIPTION } from '../arm-row.ts';
import { hsmId } from '../hsm/describe-hsm.ts';
import type { HsmLifecycle } from '../hsm/hsm-lifecycle.ts';
import { checkIdle } from '../hsm/hsm-rules.ts';
import { accepted, asyncOperation } from '../hsm/operations.ts';
import { readLocation } from '../locations.ts';
import { isIn, requireGroup } from '../resource-groups.ts';
import { type ManagedHsm, type PrivateEndpoint, type Resources, readTags } from '../resources.ts';
import type { ResourceStore } from '../resources-file.ts';
import { updating } from './connection-rows.ts';
import { describeEndpoint, endpointId } from './describe-endpoint.ts';
import { checkRoom, checkRoomToAsk, withConnections, withoutUnapproved } from './pending-connections.ts';

export interface EndpointOptions {
  readonly book: ResourceStore;
  readonly row: MakeRow;
  readonly lifecycle: HsmLifecycle;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

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

export function privateEndpointRows({ book, row, lifecycle, now }: EndpointOptions): readonly ControlRow[] {
  const all = `${GROUP}/providers/Microsoft.Network/privateEndpoints`;
  const one = `${all}/:endpoint`;
  const show = (endpoint: PrivateEndpoint) => describeEndpoint(book.current, endpoint);

  const put = async (request: ControlRequest, caller: ControlCaller) => {
    const name = request.params.endpoint ?? '';
    if (!NAME.test(name))
      throw new ControlError(
        400,
        'InvalidResourceName',
        'The name of a private endpoint has 1 to 42 letters, digits, underscores, periods and hyphens.',
      );
    const body = readBody(request.body, 'body');
    const {
      privateLinkServiceConnections: direct = [],
      manualPrivateLinkServiceConnections: byHand = [],
      subnet,
    } = body.properties;
    const [wanted, ...more] = [...direct, ...byHand];
    if (wanted === undefined || more.length > 0)
      throw new ControlError(400, 'BadRequest', 'body.properties must have exactly one connection to an HSM');
    const [member] = wanted.properties.groupIds;
    if (member?.toLowerCase() !== 'managedhsm')
      throw new ControlError(400, 'BadRequest', "The group id of an HSM is 'managedhsm'.");
    const existing = findEndpoint(book.current, request);
    if (existing !== undefined) return { status: 200, json: show(existing) };
    const manual = direct.length === 0;
    const make = (resources: Resources) => {
      const group = requireGroup(resources, request.params.group ?? '');
      const hsm = requireTarget(resources, wanted.properties.privateLinkServiceId);
      if (!manual) {
        const scope = scopeOf(resources, { group: hsm.resourceGroup, hsm: hsm.name });
        requireAt(resources, caller, 'Microsoft.KeyVault/managedHSMs/privateEndpointConnections/write', scope);
        checkIdle(hsm);
      }
      if (findEndpoint(resources, request) !== undefined)
        throw new ControlError(409, 'ConflictError', `The private endpoint '${name}' was made meanwhile.`);
      if (manual) checkRoomToAsk(resources, hsm, group.name);
      checkRoom(hsm);
      const endpoint: PrivateEndpoint = {
        name,
        resourceGroup: group.name,
        location: readLocation(body.location),
        tags: body.tags ?? {},
        subnetId: subnet.id,
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
      return {
        resources: { ...resources, privateEndpoints },
        hsm,
        endpoint,
        connections: [...hsm.connections, connection],
      };
    };
    // The HSM goes on as it is: until its owner approves the connection it is nothing to the instance.
    if (manual) {
      const endpoint = await book.update(request, (before) => {
        const { resources, hsm, endpoint, connections } = make(before);
        return { resources: withConnections(resources, hsm, connections), result: endpoint };
      });
      return { status: 201, json: show(endpoint) };
    }
    let endpoint: PrivateEndpoint | undefined;
    const operation = await lifecycle.begin(request, 'update', (before) => {
      const made = make(before);
      endpoint = made.endpoint;
      return updating(made.resources, made.hsm, made.connections, caller, new Date(now()).toISOString());
    });
    if (endpoint === undefined) throw new Error('the endpoint was not recorded');
    // The HSM's own change goes on: who waits for it finds the connection ready to be decided on.
    return { status: 201, headers: asyncOperation(book.current, request, operation), json: show(endpoint) };
  };

  const remove = async (request: ControlRequest, caller: ControlCaller) => {
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
    const operation = await lifecycle.begin(request, 'update', (resources) => {
      const hsm = resources.managedHsms.find(({ name }) => name === endpoint.hsm);
      if (hsm === undefined) throw new ControlError(409, 'ConflictError', 'The HSM was deleted meanwhile; try again.');
      checkIdle(hsm);
      // The HSM's owner sees that it is gone, and deletes the connection when that was taken note of.
      const connections = hsm.connections.map((each) =>
        each.name === endpoint.connection ? { ...each, status: 'Disconnected' as const } : each,
      );
      return updating(without(resources), hsm, connections, caller, new Date(now()).toISOString());
    });
    return accepted(book.current, request, operation);
  };

  return [
    row('PUT', one, `${ACTION}/write`, put),
    row('GET', one, `${ACTION}/read`, (request) => {
      const endpoint = findEndpoint(book.current, request);
      if (endpoint === undefined) throw new ControlError(404, 'ResourceNotFound', 'There is no such private endpoint.');
      return { status: 200, json: show(endpoint) };
    }),
    row('DELETE', one, `${ACTION}/delete`, remove),
    row('GET', all, `${ACTION}/read`, ({ params }) => {
      const { name } = requireGroup(book.current, params.group ?? '');
      return {
        status: 200,
        json: { value: book.current.privateEndpoints.filter((each) => isIn(name, each)).map(show) },
      };
    }),
    row(
      'GET',
      `${SUBSCRIPTION}/providers/Microsoft.Network/privateEndpoints`,
      { action: `${ACTION}/read`, at: 'anywhere' },
      (_request, caller) => {
        const visible = book.current.privateEndpoints.filter((each) =>
          mayAt(book.current, caller, `${ACTION}/read`, scopeOf(book.current, { group: each.resourceGroup })),
        );
        return { status: 200, json: { value: visible.map(show) } };
      },
    ),
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
  if (hsm === undefined)
    throw new ControlError(
      400,
      'InvalidResourceReference',
      'privateLinkServiceId names no managed HSM of this subscription',
    );
  return hsm;
}
