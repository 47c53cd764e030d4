// Resource groups: names that resources are filed under.
import { ShapeError, text } from '../../formats/shape.ts';
import { type ControlAnswer, ControlError, type ControlRequest, type ControlRow } from '../../http/control-row.ts';
import { members } from '../../http/management-shape.ts';
import { mayAt } from './access/authorize.ts';
import { holdsAt, scopeOf } from './access/scope.ts';
import { GROUP, type MakeRow, SUBSCRIPTION } from './arm-row.ts';
import { readLocation } from './locations.ts';
import { type ResourceGroup, type Resources, readTags } from './resources.ts';
import type { ResourceStore } from './resources-file.ts';

const GROUP_NAME = /^[\p{L}\p{N}_().-]{0,89}[\p{L}\p{N}_()-]$/u;
const readBody = members({}, { location: text, managedBy: text }, { tags: readTags });

export function findGroup({ resourceGroups }: Resources, name: string): ResourceGroup | undefined {
  const wanted = name.toLowerCase();
  return resourceGroups.find((group) => group.name.toLowerCase() === wanted);
}

/** Whether something is filed under the group of that name. */
export function isIn(group: string, { resourceGroup }: { readonly resourceGroup: string }): boolean {
  return resourceGroup.toLowerCase() === group.toLowerCase();
}

/** @throws ControlError 404 */
export function requireGroup(resources: Resources, name: string): ResourceGroup {
  const group = findGroup(resources, name);
  if (group === undefined) {
    throw new ControlError(404, 'ResourceGroupNotFound', `Resource group '${name.slice(0, 90)}' could not be found.`);
  }
  return group;
}

const ACTION = 'Microsoft.Resources/subscriptions/resourceGroups';

/** `deleteHsm` begins the deletion of one HSM and resolves when that is recorded. */
export function resourceGroupRows(
  book: ResourceStore,
  row: MakeRow,
  deleteHsm: (request: ControlRequest, name: string) => Promise<void>,
): readonly ControlRow[] {
  const show = (group: ResourceGroup) => describeGroup(book.current, group);
  const nameOf = ({ params }: ControlRequest): string => params.group ?? '';
  return [
    row('GET', `${SUBSCRIPTION}/resourceGroups`, { action: `${ACTION}/read`, at: 'anywhere' }, (_request, caller) => ({
      status: 200,
      json: {
        value: book.current.resourceGroups
          .filter(({ name }) => mayAt(book.current, caller, `${ACTION}/read`, scopeOf(book.current, { group: name })))
          .map(show),
      },
    })),
    row('GET', GROUP, `${ACTION}/read`, (request) => ({
      status: 200,
      json: show(requireGroup(book.current, nameOf(request))),
    })),
    row('HEAD', GROUP, `${ACTION}/read`, (request) => ({
      status: findGroup(book.current, nameOf(request)) ? 204 : 404,
    })),
    row('PUT', GROUP, `${ACTION}/write`, (request) => putGroup(book, request, nameOf(request))),
    row('PATCH', GROUP, `${ACTION}/write`, (request) => patchGroup(book, request, nameOf(request))),
    row('DELETE', GROUP, `${ACTION}/delete`, async (request) => {
      const { name } = requireGroup(book.current, nameOf(request));
      for (const hsm of book.current.managedHsms) {
        if (isIn(name, hsm)) await deleteHsm(request, hsm.name);
      }
      await book.update(request, (resources) => ({ resources: withoutGroup(resources, name), result: undefined }));
      return { status: 200 };
    }),
  ];
}

/** Roles at the group go with it: whoever makes one of the same name later must not let old holders in. */
function withoutGroup(resources: Resources, name: string): Resources {
  const scope = scopeOf(resources, { group: name });
  const hsms = [...resources.managedHsms, ...resources.deletedHsms.map(({ hsm }) => hsm)];
  const kept = hsms.map((hsm) => scopeOf(resources, { group: hsm.resourceGroup, hsm: hsm.name }));
  return {
    ...resources,
    resourceGroups: resources.resourceGroups.filter((group) => group.name !== name),
    privateEndpoints: resources.privateEndpoints.filter((each) => !isIn(name, each)),
    // Those at an HSM that can still be recovered stay with it.
    roleAssignments: resources.roleAssignments.filter(
      (each) => !holdsAt(scope, each.scope) || kept.includes(each.scope),
    ),
  };
}

async function putGroup(book: ResourceStore, request: ControlRequest, name: string): Promise<ControlAnswer> {
  if (!GROUP_NAME.test(name)) {
    throw new ControlError(
      400,
      'InvalidResourceGroupName',
      'A resource group name has 1 to 90 letters, digits, underscores, parentheses, hyphens and periods and does not end with a period.',
    );
  }
  const { location, tags = {}, managedBy } = readGroupBody(request.body);
  if (location === undefined) throw new ControlError(400, 'LocationRequired', 'body.location is missing');
  const place = readLocation(location);
  const { group, created } = await book.update(request, (resources) => {
    const existing = findGroup(resources, name);
    if (existing !== undefined) checkLocation(existing, place);
    const group: ResourceGroup = {
      name: existing?.name ?? name,
      location: place,
      tags,
      ...(managedBy === undefined ? {} : { managedBy }),
    };
    return { resources: withGroup(resources, existing, group), result: { group, created: existing === undefined } };
  });
  return { status: created ? 201 : 200, json: describeGroup(book.current, group) };
}

/** What the body does not name stays. */
async function patchGroup(book: ResourceStore, request: ControlRequest, name: string): Promise<ControlAnswer> {
  const { location, ...given } = readGroupBody(request.body);
  const group = await book.update(request, (resources) => {
    const existing = requireGroup(resources, name);
    if (location !== undefined) checkLocation(existing, readLocation(location));
    const { tags = existing.tags, managedBy = existing.managedBy } = given;
    const group: ResourceGroup = { ...existing, tags, ...(managedBy === undefined ? {} : { managedBy }) };
    return { resources: withGroup(resources, existing, group), result: group };
  });
  return { status: 200, json: describeGroup(book.current, group) };
}

/** @throws ControlError 409 */
function checkLocation({ name, location }: ResourceGroup, given: string): void {
  if (location === given) return;
  throw new ControlError(
    409,
    'InvalidResourceGroupLocation',
    `Resource group '${name}' already exists in location '${location}'.`,
  );
}

function withGroup(resources: Resources, before: ResourceGroup | undefined, group: ResourceGroup): Resources {
  return { ...resources, resourceGroups: [...resources.resourceGroups.filter((each) => each !== before), group] };
}

function readGroupBody(body: unknown): ReturnType<typeof readBody> {
  try {
    return readBody(body, 'body');
  } catch (cause) {
    if (!(cause instanceof ShapeError)) throw cause;
    throw new ControlError(400, 'InvalidRequestContent', cause.message, { cause });
  }
}

function describeGroup({ subscriptionId }: Resources, { name, location, tags, managedBy }: ResourceGroup) {
  return {
    id: `/subscriptions/${subscriptionId}/resourceGroups/${name}`,
    name,
    type: 'Microsoft.Resources/resourceGroups',
    location,
    ...(managedBy === undefined ? {} : { managedBy }),
    tags,
    properties: { provisioningState: 'Succeeded' },
  };
}
