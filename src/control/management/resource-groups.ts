// Resource groups: names that resources are filed under.
import { ShapeError, text } from '../../formats/shape.ts';
import { ControlError, type ControlRow } from '../../http/control-row.ts';
import { members } from '../../http/management-shape.ts';
import { readable } from './access/authorize.ts';
import { holdsAt, scopeOf } from './access/scope.ts';
import { GROUP, type Handle, type MakeRow, type Management, SUBSCRIPTION } from './arm-row.ts';
import { findByName, findGroup, groupId, isIn, requireGroup } from './find.ts';
import { beginDeletion } from './hsm/decisions.ts';
import { placeOf } from './hsm/describe-hsm.ts';
import { readLocation } from './locations.ts';
import { type ResourceGroup, type Resources, readTags } from './resources.ts';

const GROUP_NAME = /^[\p{L}\p{N}_().-]{0,89}[\p{L}\p{N}_()-]$/u;
const ACTION = 'Microsoft.Resources/subscriptions/resourceGroups';
const readMembers = members({}, { location: text, managedBy: text }, { tags: readTags });

export function resourceGroupRows({ book, lifecycle }: Management, row: MakeRow): readonly ControlRow[] {
  const show = ({ name, location, tags, managedBy }: ResourceGroup) => ({
    id: groupId(book.current, name),
    name,
    type: 'Microsoft.Resources/resourceGroups',
    location,
    ...(managedBy === undefined ? {} : { managedBy }),
    tags,
    properties: { provisioningState: 'Succeeded' },
  });

  const put: Handle = async (request) => {
    const name = request.params.group ?? '';
    if (!GROUP_NAME.test(name)) {
      throw new ControlError(
        400,
        'InvalidResourceGroupName',
        'A resource group name has 1 to 90 letters, digits, underscores, parentheses, hyphens and periods and does not end with a period.',
      );
    }
    const { location, tags = {}, ...more } = readBody(request.body);
    if (location === undefined) throw new ControlError(400, 'LocationRequired', 'body.location is missing');
    const place = readLocation(location);
    const { group, created } = await book.update(request, (resources) => {
      const existing = findGroup(resources, name);
      if (existing !== undefined) checkLocation(existing, place);
      const group: ResourceGroup = { name: existing?.name ?? name, location: place, tags, ...more };
      return { resources: withGroup(resources, existing, group), result: { group, created: existing === undefined } };
    });
    return { status: created ? 201 : 200, json: show(group) };
  };

  /** What the body does not name stays. */
  const patch: Handle = async (request) => {
    const { location, ...given } = readBody(request.body);
    const group = await book.update(request, (resources) => {
      const existing = requireGroup(resources, request.params.group);
      if (location !== undefined) checkLocation(existing, readLocation(location));
      const result: ResourceGroup = { ...existing, ...given };
      return { resources: withGroup(resources, existing, result), result };
    });
    return { json: show(group) };
  };

  /** Resolves when the deletion of each HSM in it is recorded. */
  const remove: Handle = async (request) => {
    const { name } = requireGroup(book.current, request.params.group);
    for (const hsm of book.current.managedHsms.filter((each) => isIn(name, each))) {
      await lifecycle.begin(request, 'delete', (resources) => {
        const found = findByName(resources, hsm.name);
        if (found === undefined) throw new Error('the HSM was deleted meanwhile');
        return beginDeletion(resources, found);
      });
    }
    await book.update(request, (resources) => ({ resources: withoutGroup(resources, name), result: undefined }));
    return { status: 200 };
  };

  return [
    row('GET', `${SUBSCRIPTION}/resourceGroups`, { action: `${ACTION}/read`, at: 'anywhere' }, (_request, caller) => {
      const { resourceGroups } = book.current;
      const value = readable(book.current, caller, `${ACTION}/read`, resourceGroups, ({ name }) => ({ group: name }));
      return { json: { value: value.map(show) } };
    }),
    row('GET', GROUP, `${ACTION}/read`, ({ params }) => ({ json: show(requireGroup(book.current, params.group)) })),
    row('HEAD', GROUP, `${ACTION}/read`, ({ params }) => ({
      status: findGroup(book.current, params.group) ? 204 : 404,
    })),
    row('PUT', GROUP, `${ACTION}/write`, put),
    row('PATCH', GROUP, `${ACTION}/write`, patch),
    row('DELETE', GROUP, `${ACTION}/delete`, remove),
  ];
}

/** Roles at the group go with it: whoever makes one of the same name later must not let old holders in. */
function withoutGroup(resources: Resources, name: string): Resources {
  const scope = scopeOf(resources, { group: name });
  const hsms = [...resources.managedHsms, ...resources.deletedHsms.map(({ hsm }) => hsm)];
  const kept = hsms.map((hsm) => scopeOf(resources, placeOf(hsm)));
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

/** @throws ControlError 409 */
function checkLocation({ name, location }: ResourceGroup, given: string): void {
  if (location === given) return;
  const message = `Resource group '${name}' already exists in location '${location}'.`;
  throw new ControlError(409, 'InvalidResourceGroupLocation', message);
}

function withGroup(resources: Resources, before: ResourceGroup | undefined, group: ResourceGroup): Resources {
  return { ...resources, resourceGroups: [...resources.resourceGroups.filter((each) => each !== before), group] };
}

function readBody(body: unknown): ReturnType<typeof readMembers> {
  try {
    return readMembers(body, 'body');
  } catch (cause) {
    if (!(cause instanceof ShapeError)) throw cause;
    throw new ControlError(400, 'InvalidRequestContent', cause.message, { cause });
  }
}
