// The management plane's records: one subscription, its role assignments, resource groups and managed HSMs. They say
// who owns which machine room; nothing here opens one.
import { flag, guid, integer, list, mapOf, matching, oneOf, type Reader, record, text } from '../../formats/shape.ts';

export type ArmRole = 'Owner' | 'Contributor' | 'Reader';

export interface RoleAssignment {
  readonly principalId: string;
  readonly role: ArmRole;
}
export type Tags = Readonly<Record<string, string>>;
export interface ResourceGroup {
  readonly name: string;
  readonly location: string;
  readonly tags: Tags;
}
export interface Sku {
  readonly family: 'B' | 'C';
  readonly name: string;
}
export interface ManagedHsm {
  /** Lower case, unique in this service. */
  readonly name: string;
  readonly resourceGroup: string;
  readonly location: string;
  readonly sku: Sku;
  readonly tags: Tags;
  readonly initialAdministrators: readonly string[];
  readonly softDeleteRetentionInDays: number;
  readonly purgeProtection: boolean;
  readonly state: 'Provisioning' | 'Succeeded' | 'Failed' | 'Deleting';
  /** Why it failed. */
  readonly problem?: string;
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
}
/** What a client polls: the outcome is read from the named HSM's record. */
export interface Operation {
  readonly id: string;
  readonly kind: 'create' | 'delete';
  readonly hsm: string;
}
export interface Resources {
  readonly version: 1;
  readonly tenantId: string;
  readonly subscriptionId: string;
  readonly subscriptionName: string;
  readonly roleAssignments: readonly RoleAssignment[];
  readonly resourceGroups: readonly ResourceGroup[];
  readonly managedHsms: readonly ManagedHsm[];
  readonly deletedHsms: readonly DeletedHsm[];
  /** Newest last. */
  readonly operations: readonly Operation[];
}

export class ResourcesError extends Error {
  override readonly name = 'ResourcesError';
}

export const MAX_OPERATIONS = 200;

const by = oneOf('User', 'Application');
const tags = mapOf(text, 50);
const time = matching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/, 'a time');
const readHsm: Reader<ManagedHsm> = record(
  {
    name: text,
    resourceGroup: text,
    location: text,
    sku: record({ family: oneOf('B', 'C'), name: text }),
    tags,
    initialAdministrators: list(guid, 100),
    softDeleteRetentionInDays: integer(7, 90),
    purgeProtection: flag,
    state: oneOf('Provisioning', 'Succeeded', 'Failed', 'Deleting'),
    createdBy: text,
    createdByType: by,
    createdAt: time,
    modifiedBy: text,
    modifiedByType: by,
    modifiedAt: time,
  },
  { problem: text },
);
const readResources: Reader<Resources> = record({
  version: oneOf(1),
  tenantId: guid,
  subscriptionId: guid,
  subscriptionName: text,
  roleAssignments: list(record({ principalId: guid, role: oneOf('Owner', 'Contributor', 'Reader') })),
  resourceGroups: list(record({ name: text, location: text, tags })),
  managedHsms: list(readHsm),
  deletedHsms: list(record({ hsm: readHsm, deletedAt: time })),
  operations: list(record({ id: guid, kind: oneOf('create', 'delete'), hsm: text }), MAX_OPERATIONS),
});

/** @throws ResourcesError naming the member that is wrong */
export function parseResources(json: string): Resources {
  try {
    return readResources(JSON.parse(json), 'resources');
  } catch (cause) {
    throw new ResourcesError(`the resources file cannot be read: ${(cause as Error).message}`, { cause });
  }
}

export function printResources(resources: Resources): string {
  return `${JSON.stringify(resources, undefined, 2)}\n`;
}

/** What the dev profile starts with: an empty subscription and its owners. */
export function createDevResources(tenantId: string, subscriptionId: string, owners: readonly string[]): Resources {
  return {
    version: 1,
    tenantId,
    subscriptionId,
    subscriptionName: 'Strongroom development',
    roleAssignments: owners.map((principalId) => ({ principalId, role: 'Owner' })),
    resourceGroups: [],
    managedHsms: [],
    deletedHsms: [],
    operations: [],
  };
}
