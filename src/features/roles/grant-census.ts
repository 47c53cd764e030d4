// How many grants there are of which role, where, and whether they end. Custom roles are one: their names are the owner's.
import type { Sample } from '../../formats/metric-table.ts';
import { builtInRoles } from './built-in-roles.ts';
import type { Roles } from './evaluate.ts';
import type { RoleAssignment } from './role-records.ts';

const WEEK = 7 * 86_400;
const NAMES: ReadonlyMap<string, string> = new Map(
  builtInRoles.map(({ name, roleName }) => [name, roleName.replace(/^Managed HSM /, '').toLowerCase()]),
);

export function grantCensus(roles: Roles, now: number): readonly Sample[] {
  const counts = new Map<string, { readonly labels: Readonly<Record<string, string>>; value: number }>();
  for (const assignment of roles.assignments()) {
    if (roles.hasEnded(assignment)) continue;
    const labels = labelsOf(assignment, now);
    counts.getOrInsertComputed(Object.values(labels).join('/'), () => ({ labels, value: 0 })).value += 1;
  }
  return [...counts.values()].map((counted) => ({ name: 'strongroom_grants', ...counted }));
}

function labelsOf({ definition, scope: { path }, expiresAt }: RoleAssignment, now: number) {
  return {
    role: NAMES.get(definition) ?? 'custom',
    scope: path === '/' ? 'all' : path === '/keys' ? 'keys' : 'key',
    ends: expiresAt === undefined ? 'never' : expiresAt - now <= WEEK ? '7d' : 'later',
  };
}
