// The one subscription of a production deployment. Its owners stand in the configuration: each start gives them the role
// and takes it from those who were taken out. Other assignments are the resource manager's, and stay.
import { randomUUID } from 'node:crypto';
import type { ProductionConfig } from '../../deployment/production-config.ts';
import { createDevResources, OWNER, type Resources, type RoleAssignment } from '../management/resources.ts';

/** `createdBy` of the assignments that follow the configuration. */
const CONFIGURATION = 'configuration';

export function emptyResources({ tenantId, subscription: { id, name } }: ProductionConfig): Resources {
  return { ...createDevResources(tenantId, id, [], { newGuid: randomUUID, now: 0 }), subscriptionName: name };
}

export function withOwners(resources: Resources, { subscription }: ProductionConfig, now: Date): Resources {
  const scope = `/subscriptions/${subscription.id}`;
  const isOurs = (each: RoleAssignment): boolean =>
    each.createdBy === CONFIGURATION && each.role === OWNER && each.scope === scope;
  const ours = resources.roleAssignments.filter(isOurs);
  const kept = ours.filter((each) =>
    subscription.owners.some(({ id, type }) => id === each.principalId && type === each.principalType),
  );
  const added = subscription.owners
    .filter(({ id }) => !kept.some((each) => each.principalId === id))
    .map(
      ({ id, type }): RoleAssignment => ({
        id: randomUUID(),
        scope,
        spelledScope: scope,
        role: OWNER,
        principalId: id,
        principalType: type,
        createdAt: now.toISOString(),
        createdBy: CONFIGURATION,
      }),
    );
  if (added.length === 0 && kept.length === ours.length && resources.subscriptionName === subscription.name) {
    return resources;
  }
  return {
    ...resources,
    subscriptionName: subscription.name,
    roleAssignments: [...resources.roleAssignments.filter((each) => !isOurs(each)), ...kept, ...added],
  };
}
