// The body of a managed HSM's PUT and PATCH, turned into what we keep. What this service does not have (virtual networks,
// an identity of its own, more regions) is refused, never silently dropped; members that it does not know are passed over.
import { MOST_IP_RULES, readIpRange } from '../../../formats/network-rules.ts';
import { guid, list, ShapeError, text } from '../../../formats/shape.ts';
import { choice, flag, integer, members, nothing } from '../../../http/management-shape.ts';
import { readLocation } from '../locations.ts';
import { readTags } from '../resources.ts';
import { readIdentity } from './identity.ts';

const SKUS = ['Standard_B1', 'Custom_B32', 'Custom_B6', 'Custom_C42', 'Custom_C10'] as const;

const networkAcls = members(
  {},
  {
    bypass: choice('AzureServices', 'None'),
    defaultAction: choice('Allow', 'Deny'),
    virtualNetworkRules: nothing('there are no virtual networks here; name address ranges in ipRules'),
    serviceTags: nothing('there are no service tags here; name address ranges in ipRules'),
  },
  { ipRules: list(members({ value: readIpRange }), MOST_IP_RULES) },
);
const properties = members(
  {},
  {
    tenantId: guid,
    initialAdminObjectIds: list(guid, 100),
    enableSoftDelete: softDelete,
    softDeleteRetentionInDays: integer(7, 90),
    enablePurgeProtection: flag,
    createMode: choice('default', 'recover'),
    networkAcls,
    publicNetworkAccess: choice('Enabled', 'Disabled'),
    regions: nothing('an HSM here has one region, the machine that it runs on'),
  },
);
const readBody = members(
  {},
  {
    location: text,
    sku: members({ family: choice('B', 'C'), name: choice(...SKUS) }),
    properties,
    identity: readIdentity,
  },
  { tags: readTags },
);

function softDelete(value: unknown, path: string): void {
  if (!flag(value, path)) throw new ShapeError(`${path}: soft delete cannot be turned off`);
}

export type HsmBody = ReturnType<typeof readHsmBody>;

/** @param isPart what it does not name stays, as PATCH has it @throws ShapeError, ControlError 400 naming the member */
export function readHsmBody(body: unknown, isPart = false) {
  const read = readBody(body, 'body');
  const given = read.properties ?? {};
  if (read.sku !== undefined && !read.sku.name.includes(`_${read.sku.family}`)) {
    throw new ShapeError(`body.sku.family must be the letter in ${read.sku.name}`);
  }
  const acls = given.networkAcls;
  return {
    location: read.location === undefined ? undefined : readLocation(read.location),
    sku: read.sku,
    tags: read.tags,
    identity: read.identity && !isPart ? { assigned: read.identity.assigned } : read.identity,
    tenantId: given.tenantId,
    initialAdministrators: given.initialAdminObjectIds,
    softDeleteRetentionInDays: given.softDeleteRetentionInDays,
    purgeProtection: given.enablePurgeProtection,
    createMode: given.createMode,
    publicNetworkAccess: given.publicNetworkAccess,
    networkAcls: acls && { ...acls, ipRules: acls.ipRules && [...new Set(acls.ipRules.map(({ value }) => value))] },
  };
}
