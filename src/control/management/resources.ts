// The management plane's records: one subscription, its role assignments, resource groups and managed HSMs. They say
// who owns which machine room; nothing here opens one.
import {
  CONNECTION_NAME,
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
import { foldedScope } from './access/scope.ts';
import { migrateFirstVersion } from './resources-v1.ts';

export const MAX_OPERATIONS = 200;
export const MAX_ROLE_ASSIGNMENTS = 2_000;
/** Of one HSM, as in the public service. */
export const MOST_DIAGNOSTIC_SETTINGS = 5;
/** Of one setting, and more than there are. */
export const MOST_CATEGORIES = 10;
export const OWNER = '8e3af657-a8ff-443c-a75c-2fe8c4bcb635';

export type Tags = Readonly<Record<string, string>>;
export const readTags: Reader<Tags> = mapOf(text, 50);
export const readTime: Reader<string> = matching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/, 'a time');
/** Files of before may have names in it that were encoded as they were spelled. */
const readScope: Reader<string> = (value, path) => {
  try {
    return foldedScope(text(value, path));
  } catch (cause) {
    if (cause instanceof URIError) throw new ShapeError(`${path} must be a scope`, { cause });
    throw cause;
  }
};
const assignmentMembers = record(
  {
    /** Its name. */
    id: guid,
    /** For comparison, folded: `/subscriptions/…`, without a slash at the end. */
    scope: text,
    /** The role's definition. */
    role: guid,
    principalId: guid,
    principalType: oneOf('User', 'Group', 'ServicePrincipal'),
    createdAt: readTime,
    /** Object id. */
    createdBy: text,
  },
  {
    /** The scope as its maker spelled it, which clients compare letter by letter. Files of before have none. */
    spelledScope: text,
    description: text,
  },
);
export type RoleAssignment = Spelled<ReturnType<typeof assignmentMembers>, 'spelledScope'>;
const readAssignment: Reader<RoleAssignment> = (value, path) => {
  const assignment = assignmentMembers(value, path);
  return {
    ...assignment,
    scope: readScope(assignment.scope, `${path}.scope`),
    spelledScope: assignment.spelledScope ?? assignment.scope,
  };
};
/** @template Name a member that files of before do not have */
type Spelled<T, Name extends keyof T> = Omit<T, Name> & { readonly [K in Name]-?: NonNullable<T[K]> };

const group = record(
  { name: text, location: text, tags: readTags },
  {
    /** Id of the resource that looks after the group for its owner, as given. */
    managedBy: text,
  },
);
export type ResourceGroup = ReturnType<typeof group>;

const connectionName = matching(CONNECTION_NAME, 'the name of a connection');
const connection = record({
  name: connectionName,
  /** Id of the private endpoint that asked for it. */
  endpointId: text,
  status: oneOf('Pending', 'Approved', 'Rejected', 'Disconnected'),
  description: text,
});
export type EndpointConnection = ReturnType<typeof connection>;

const readAcls: Reader<NetworkAcls> = (value, path) =>
  readNetworkRules({ ...OPEN_NETWORK, networkAcls: value }, path).networkAcls;
const network = { publicNetworkAccess: oneOf('Enabled', 'Disabled'), networkAcls: readAcls };
/** Rules that go back to what they were at `until`, unless somebody confirms them. `by`: object id. */
const trial = record({ id: guid, until: readTime, by: guid, before: record(network) });
export type NetworkTrial = ReturnType<typeof trial>;

const retained = { retentionPolicy: record({ enabled: flag, days: integer(0, 0) }) };
const diagnosticSetting = record(
  {
    /** As its maker spelled it. */
    name: text,
    logs: list(record({ enabled: flag }, { category: text, categoryGroup: text, ...retained }), MOST_CATEGORIES),
    metrics: list(record({ category: text, enabled: flag }, { timeGrain: text, ...retained }), MOST_CATEGORIES),
  },
  {
    storageAccountId: text,
    workspaceId: text,
    eventHubAuthorizationRuleId: text,
    eventHubName: text,
    logAnalyticsDestinationType: text,
  },
);
export type DiagnosticSetting = ReturnType<typeof diagnosticSetting>;

const by = oneOf('User', 'Application');
const hsmMembers = record(
  {
    /** Lower case, unique in this service: what it is known by everywhere. */
    name: text,
    resourceGroup: text,
    location: text,
    sku: record({ family: oneOf('B', 'C'), name: text }),
    tags: readTags,
    initialAdministrators: list(guid, 100),
    softDeleteRetentionInDays: integer(7, 90),
    purgeProtection: flag,
    ...network,
    connections: list(connection, MOST_CONNECTIONS),
    state: oneOf('Provisioning', 'Succeeded', 'Updating', 'Failed', 'Deleting', 'Recovering'),
    createdBy: text,
    createdByType: by,
    createdAt: readTime,
    modifiedBy: text,
    modifiedByType: by,
    modifiedAt: readTime,
  },
  {
    /** The name as its maker spelled it, which clients compare letter by letter. */
    spelledName: text,
    /** Ids of the identities assigned to it, as given. */
    identities: list(text, 100),
    /** Of files of before: they sent nothing. */
    diagnostics: list((each) => each, 5),
    /** What has its log sent to which sinks. */
    diagnosticSettings: list(diagnosticSetting, MOST_DIAGNOSTIC_SETTINGS),
    /** Why it failed. */
    problem: text,
    /** Its network rules are on trial. */
    trial,
    /** What the update under way is part of. */
    trialStep: record(
      { step: oneOf('begun', 'confirmed', 'reverted', 'ended'), id: guid, until: readTime },
      { by: guid },
    ),
  },
);
export type ManagedHsm = Spelled<
  Omit<ReturnType<typeof hsmMembers>, 'diagnostics'>,
  'spelledName' | 'identities' | 'diagnosticSettings'
>;
/** Files of before have no spelling but the one that is compared, no identities, and no diagnostic settings. */
const readHsm: Reader<ManagedHsm> = (value, path) => {
  const { diagnostics: _, ...hsm } = hsmMembers(value, path);
  const { spelledName = hsm.name, identities = [], diagnosticSettings = [] } = hsm;
  return { ...hsm, spelledName, identities, diagnosticSettings };
};
const deleted = record({ hsm: readHsm, deletedAt: readTime, purging: flag });
export type DeletedHsm = ReturnType<typeof deleted>;

const privateEndpoint = record({
  name: text,
  resourceGroup: text,
  location: text,
  tags: readTags,
  /** As given; nothing here is attached to a subnet. */
  subnetId: text,
  hsm: text,
  /** Name of the connection at the HSM. */
  connection: connectionName,
  /** Name under which the endpoint lists it. */
  linkName: text,
  /** Asked for by somebody who could not approve it. */
  manual: flag,
  requestMessage: text,
});
export type PrivateEndpoint = ReturnType<typeof privateEndpoint>;

/** What a client polls. `problem`: why it failed. */
const operation = record(
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
);
export type Operation = ReturnType<typeof operation>;

const readResources = record({
  version: oneOf(2),
  tenantId: guid,
  subscriptionId: guid,
  subscriptionName: text,
  roleAssignments: list(readAssignment, MAX_ROLE_ASSIGNMENTS),
  resourceGroups: list(group),
  managedHsms: list(readHsm),
  deletedHsms: list(deleted),
  privateEndpoints: list(privateEndpoint),
  /** Newest last. */
  operations: list(operation, MAX_OPERATIONS),
});
export type Resources = ReturnType<typeof readResources>;

export class ResourcesError extends Error {
  override readonly name = 'ResourcesError';
}

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
