// The identities that an HSM's owner has assigned to it: taken and given back. None of them acts here: what an instance shows
// to a backup's storage is in its own configuration.
import { mapOf, ShapeError } from '../../../formats/shape.ts';
import { choice, members } from '../../../http/management-shape.ts';
import type { ManagedHsm } from '../resources.ts';

/** What a body asks for. */
export interface IdentityBody {
  readonly assigned: readonly string[];
  /** Ids that are taken away by name; the rest stays. Absent: there are to be the assigned ones and no others. */
  readonly removed?: readonly string[];
}

const MOST = 50;
const ID = /^[^\p{Cc}?#]{1,1024}$/u;
const read = members(
  {},
  {
    type: choice(
      'None',
      'UserAssigned',
      'SystemAssigned',
      'SystemAssigned,UserAssigned',
      'SystemAssigned, UserAssigned',
    ),
  },
  { userAssignedIdentities: mapOf((value: unknown) => value !== null, MOST) },
);

/** What PATCH says: an id with null is taken away, one that is not named stays. @throws ShapeError */
export function readIdentity(value: unknown, path: string): IdentityBody {
  const { type, userAssignedIdentities = {} } = read(value, path);
  if (type?.startsWith('SystemAssigned') === true) {
    throw new ShapeError(`${path}.type: an HSM here has no identity of its own; assign one (UserAssigned)`);
  }
  const ids = Object.keys(userAssignedIdentities);
  if (ids.some((id) => !ID.test(id))) throw new ShapeError(`${path}.userAssignedIdentities must name resource ids`);
  const assigned = ids.filter((id) => userAssignedIdentities[id] === true);
  if (type === 'None' && assigned.length > 0) {
    throw new ShapeError(`${path}.userAssignedIdentities names identities, and ${path}.type says that there are none`);
  }
  if (type === 'UserAssigned' && ids.length === 0) {
    throw new ShapeError(`${path}.userAssignedIdentities names no identity`);
  }
  return type === 'None' ? { assigned } : { assigned, removed: ids.filter((id) => !assigned.includes(id)) };
}

/** @throws ShapeError when there would be too many */
export function changedIdentities(before: readonly string[], body: IdentityBody | undefined): readonly string[] {
  if (body === undefined) return before;
  const { assigned, removed } = body;
  const isIn = (ids: readonly string[], id: string): boolean =>
    ids.some((each) => each.toLowerCase() === id.toLowerCase());
  const kept = before.filter((id) => (removed === undefined ? isIn(assigned, id) : !isIn(removed, id)));
  const after = [...kept, ...assigned.filter((id) => !isIn(kept, id))];
  if (after.length > MOST) throw new ShapeError(`body.identity: an HSM has ${MOST} identities at most`);
  return after;
}

/** Absent when there is none. */
export function describeIdentity({ identities }: ManagedHsm): Readonly<Record<string, unknown>> {
  if (identities.length === 0) return {};
  const userAssignedIdentities = Object.fromEntries(identities.map((id) => [id, {}]));
  return { identity: { type: 'UserAssigned', userAssignedIdentities } };
}
