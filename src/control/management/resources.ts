// The management plane's records: one subscription, its role assignments, resource groups and managed HSMs. They say
// who owns which machine room; nothing here opens one.
import {
  CONNECTION_NAME,
  type ConnectionStatus,
  MOST_CONNECTIONS,
  type NetworkAcls,
  OPEN_NETWORK,
  readNetworkRules,
} from '../../formats/network-rules.ts';
import {
  flag,
  guid,
  integer,
  list,
  mapOf,
  matching,
  oneOf,
  type Reader,
  record,
  ShapeError,
  text,
} from '../../formats/shape.ts';
import type { NetworkTrialStep } from '../../links/instance-host.ts';
import { foldedScope } from './access/scope.ts';
import { migrateFirstVersion } from './resources-v1.ts';

export type PrincipalType = 'User' | 'Group' | 'ServicePrincipal';

export interface RoleAssignment {
  /** Its name, a GUID. */
  readonly id: string;
  /** Lower case, for comparison: `/subscriptions/…`, without a slash at the end. */
  readonly scope: string;
  /** The same as its maker spelled it, which clients compare letter by letter. */
  readonly spelledScope: string;
  /** GUID of the role's definition. */
  readonly role: string;
  readonly principalId: string;
  readonly principalType: PrincipalType;
  readonly description?: string;
  readonly createdAt: string;
  /** Object id. */
  readonly createdBy: string;
}
export type Tags = Readonly<Record<string, string>>;
export interface ResourceGroup {
  readonly name: string;
  readonly location: string;
  readonly tags: Tags;
  /** Id of the resource that looks after the group for its owner, as given. */
  readonly managedBy?: string;
}
export interface Sku {
  readonly family: 'B' | 'C';
  readonly name: string;
}
export interface EndpointConnection {
  readonly name: string;
  /** Id of the private endpoint that asked for it. */
  readonly endpointId: string;
  readonly status: ConnectionStatus;
  readonly description: string;
}
/** Rules that go back to what they were at `until`, unless somebody confirms them. */
export interface NetworkTrial {
  readonly id: string;
  readonly until: string;
  /** Object id. */
  readonly by: string;
  readonly before: Pick<ManagedHsm, 'publicNetworkAccess' | 'networkAcls'>;
}
export interface ManagedHsm {
  /** Lower case, unique in this service: what it is known by everywhere. */
  readonly name: string;
  /** The same as its maker spelled it, which clients compare letter by letter. */
  readonly spelledName: string;
  readonly resourceGroup: string;
  readonly location: string;
  readonly sku: Sku;
  readonly tags: Tags;
  /** Ids of the identities assigned to it, as given. */
  readonly identities: readonly string[];
  readonly initialAdministrators: readonly string[];
  readonly softDeleteRetentionInDays: number;
  readonly purgeProtection: boolean;
  readonly publicNetworkAccess: 'Enabled' | 'Disabled';
  readonly networkAcls: NetworkAcls;
  readonly connections: readonly EndpointConnection[];
  readonly state: 'Provisioning' | 'Succeeded' | 'Updating' | 'Failed' | 'Deleting' | 'Recovering';
  /** Why it failed. */
  readonly problem?: string;
  /** Its network rules are on trial. */
  readonly trial?: NetworkTrial;
  /** What the update under way is part of. */
  readonly trialStep?: NetworkTrialStep;
  readonly createdBy: string;
  readonly createdByType: 'User' | 'Application';
  readonly createdAt: string;
  readonly modifiedBy: string;
  readonly modifiedByType: 'User' | 'Application';
  readonly modifiedAt: string;
}
export interface DeletedHsm {
  readonly hsm: ManagedHsm;
  readonly deletedAt: string;
  readonly purging: boolean;
}
export interface PrivateEndpoint {
  readonly name: string;
  readonly resourceGroup: string;
  readonly location: string;
  readonly tags: Tags;
  /** As given; nothing here is attached to a subnet. */
  readonly subnetId: string;
  readonly hsm: string;
  /** Name of the connection at the HSM. */
  readonly connection: string;
  /** Name under which the endpoint lists it. */
  readonly linkName: string;
  /** Asked for by somebody who could not approve it. */
  readonly manual: boolean;
  readonly requestMessage: string;
}
/** What a client polls. */
export interface Operation {
  readonly id: string;
  readonly kind: 'create' | 'update' | 'delete' | 'recover' | 'purge';
  readonly hsm: string;
  readonly resourceGroup: string;
  readonly location: string;
  readonly status: 'InProgress' | 'Succeeded' | 'Failed';
  /** Why it failed. */
  readonly problem?: string;
  readonly startedAt: string;
}
export interface Resources {
  readonly version: 2;
  readonly tenantId: string;
  readonly subscriptionId: string;
  readonly subscriptionName: string;
  readonly roleAssignments: readonly RoleAssignment[];
  readonly resourceGroups: readonly ResourceGroup[];
  readonly managedHsms: readonly ManagedHsm[];
  readonly deletedHsms: readonly DeletedHsm[];
  readonly privateEndpoints: readonly PrivateEndpoint[];
  /** Newest last. */
  readonly operations: readonly Operation[];
}

export class ResourcesError extends Error {
  override readonly name = 'ResourcesError';
}

export const MAX_OPERATIONS = 200;
export const MAX_ROLE_ASSIGNMENTS = 2_000;
export const OWNER = '8e3af657-a8ff-443c-a75c-2fe8c4bcb635';

const by = oneOf('User', 'Application');
export const readTags: Reader<Tags> = mapOf(text, 50);
export const readTime: Reader<string> = matching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/, 'a time');
const connectionName = matching(CONNECTION_NAME, 'the name of a connection');
const readAcls: Reader<NetworkAcls> = (value, path) =>
  readNetworkRules({ ...OPEN_NETWORK, networkAcls: value }, path).networkAcls;
/** Files of before have no spelling but the one that is compared, no identities, and diagnostic settings that sent nothing. */
const readHsm: Reader<ManagedHsm> = (value, path) => {
  const { diagnostics: _, ...hsm } = readHsmMembers(value, path);
  return { ...hsm, spelledName: hsm.spelledName ?? hsm.name, identities: hsm.identities ?? [] };
};
const readHsmMembers = record(
  {
    name: text,
    resourceGroup: text,
    location: text,
    sku: record({ family: oneOf('B', 'C'), name: text }),
    tags: readTags,
    initialAdministrators: list(guid, 100),
    softDeleteRetentionInDays: integer(7, 90),
    purgeProtection: flag,
    publicNetworkAccess: oneOf('Enabled', 'Disabled'),
    networkAcls: readAcls,
    connections: list(
      record({
        name: connectionName,
        endpointId: text,
        status: oneOf('Pending', 'Approved', 'Rejected', 'Disconnected'),
        description: text,
      }),
      MOST_CONNECTIONS,
    ),
    state: oneOf('Provisioning', 'Succeeded', 'Updating', 'Failed', 'Deleting', 'Recovering'),
    createdBy: text,
    createdByType: by,
    createdAt: readTime,
    modifiedBy: text,
    modifiedByType: by,
    modifiedAt: readTime,
  },
  {
    spelledName: text,
    identities: list(text, 100),
    diagnostics: list((each) => each, 5),
    problem: text,
    trial: record({
      id: guid,
      until: readTime,
      by: guid,
      before: record({ publicNetworkAccess: oneOf('Enabled', 'Disabled'), networkAcls: readAcls }),
    }),
    trialStep: record(
      { step: oneOf('begun', 'confirmed', 'reverted', 'ended'), id: guid, until: readTime },
      { by: guid },
    ),
  },
);
const readAssignment: Reader<RoleAssignment> = (value, path) => {
  const assignment = readAssignmentMembers(value, path);
  return {
    ...assignment,
    scope: readScope(assignment.scope, `${path}.scope`),
    spelledScope: assignment.spelledScope ?? assignment.scope,
  };
};
/** Files of before may have names in it that were encoded as they were spelled. */
const readScope: Reader<string> = (value, path) => {
  try {
    return foldedScope(text(value, path));
  } catch (cause) {
    if (cause instanceof URIError) throw new ShapeError(`${path} must be a scope`, { cause });
    throw cause;
  }
};
const readAssignmentMembers = record(
  {
    id: guid,
    scope: text,
    role: guid,
    principalId: guid,
    principalType: oneOf('User', 'Group', 'ServicePrincipal'),
    createdAt: readTime,
    createdBy: text,
  },
  { spelledScope: text, description: text },
);
const readResources: Reader<Resources> = record({
  version: oneOf(2),
  tenantId: guid,
  subscriptionId: guid,
  subscriptionName: text,
  roleAssignments: list(readAssignment, MAX_ROLE_ASSIGNMENTS),
  resourceGroups: list(record({ name: text, location: text, tags: readTags }, { managedBy: text })),
  managedHsms: list(readHsm),
  deletedHsms: list(record({ hsm: readHsm, deletedAt: readTime, purging: flag })),
  privateEndpoints: list(
    record({
      name: text,
      resourceGroup: text,
      location: text,
      tags: readTags,
      subnetId: text,
      hsm: text,
      connection: connectionName,
      linkName: text,
      manual: flag,
      requestMessage: text,
    }),
  ),
  operations: list(
    record(
      {
        id: guid,
        kind: oneOf('create', 'update', 'delete', 'recover', 'purge'),
        hsm: text,
        resourceGroup: text,
        location: text,
        status: oneOf('InProgress', 'Succeeded', 'Failed'),
        startedAt: readTime,
      },
      { problem: text },
    ),
    MAX_OPERATIONS,
  ),
});

/** Files of the first release are read too. @throws ResourcesError naming the member that is wrong */
export function parseResources(json: string): Resources {
  try {
    return readResources(migrateFirstVersion(JSON.parse(json)), 'resources');
  } catch (cause) {
    throw new ResourcesError(`the resources file cannot be read: ${(cause as Error).message}`, { cause });
  }
}

export function printResources(resources: Resources): string {
  return `${JSON.stringify(resources, undefined, 2)}\n`;
}

/** What the dev profile starts with: an empty subscription and its owners. */
export function createDevResources(
  tenantId: string,
  subscriptionId: string,
  owners: readonly string[],
  { newGuid, now }: { readonly newGuid: () => string; readonly now: number },
): Resources {
  return {
    version: 2,
    tenantId,
    subscriptionId,
    subscriptionName: 'Strongroom development',
    roleAssignments: owners.map((principalId) => ({
      id: newGuid(),
      scope: `/subscriptions/${subscriptionId}`,
      spelledScope: `/subscriptions/${subscriptionId}`,
      role: OWNER,
      principalId,
      principalType: 'ServicePrincipal',
      createdAt: new Date(now).toISOString(),
      createdBy: principalId,
    })),
    resourceGroups: [],
    managedHsms: [],
    deletedHsms: [],
    privateEndpoints: [],
    operations: [],
  };
}
