// The body of a managed HSM's PUT and PATCH, turned into what we keep. What this service does not have (virtual networks,
// identities, more regions) is refused, never silently dropped; read-only members that clients send back are let pass.
import { MOST_IP_RULES, readIpRange } from '../../../formats/network-rules.ts';
import { flag, guid, integer, list, oneOf, type Reader, record, ShapeError, text } from '../../../formats/shape.ts';
import { ControlError } from '../../../wire/control-row.ts';
import { readLocation } from '../locations.ts';
import { readTags, type Sku, type Tags } from '../resources.ts';

export interface HsmBody {
  readonly location: string | undefined;
  readonly sku: Sku | undefined;
  readonly tags: Tags | undefined;
  readonly tenantId: string | undefined;
  readonly initialAdministrators: readonly string[] | undefined;
  readonly softDeleteRetentionInDays: number | undefined;
  readonly purgeProtection: boolean | undefined;
  readonly createMode: 'default' | 'recover' | undefined;
  readonly publicNetworkAccess: 'Enabled' | 'Disabled' | undefined;
  readonly networkAcls: NetworkAclsBody | undefined;
}

export interface NetworkAclsBody {
  readonly bypass?: 'AzureServices' | 'None' | undefined;
  readonly defaultAction?: 'Allow' | 'Deny' | undefined;
  readonly ipRules?: readonly string[] | undefined;
}

const SKUS = ['Standard_B1', 'Custom_B32', 'Custom_B6', 'Custom_C42', 'Custom_C10'] as const;
const readOnly: Reader<unknown> = (value) => value;

function orNull<T>(read: Reader<T>): Reader<T | undefined> {
  return (value, path) => (value === null ? undefined : read(value, path));
}

/** Clients of different ages spell these differently. */
function anyCase<const T extends string>(...allowed: readonly T[]): Reader<T> {
  return (value, path) => {
    const found = allowed.find((each) => typeof value === 'string' && each.toLowerCase() === value.toLowerCase());
    return found ?? oneOf(...allowed)(value, path);
  };
}

function only(allowed: readonly unknown[], what: string): Reader<unknown> {
  return (value, path) => {
    if (!allowed.includes(value)) throw new ShapeError(`${path}: ${what}`);
  };
}

function none(what: string): Reader<unknown> {
  return (value, path) => {
    if (value !== null && (!Array.isArray(value) || value.length > 0)) throw new ShapeError(`${path}: ${what}`);
  };
}

const ipRule = record({ value: readIpRange });
const networkAcls = record(
  {},
  {
    bypass: orNull(anyCase('AzureServices', 'None')),
    defaultAction: orNull(anyCase('Allow', 'Deny')),
    ipRules: orNull(list(ipRule, MOST_IP_RULES)),
    virtualNetworkRules: none('there are no virtual networks here; name address ranges in ipRules'),
    serviceTags: none('there are no service tags here; name address ranges in ipRules'),
  },
);
const properties = record(
  {},
  {
    tenantId: orNull(guid),
    initialAdminObjectIds: orNull(list(guid, 100)),
    enableSoftDelete: only([true, null], 'soft delete cannot be turned off'),
    softDeleteRetentionInDays: orNull(integer(7, 90)),
    enablePurgeProtection: orNull(flag),
    createMode: orNull(anyCase('default', 'recover')),
    networkAcls: orNull(networkAcls),
    publicNetworkAccess: orNull(anyCase('Enabled', 'Disabled')),
    regions: none('an HSM here has one region, the machine that it runs on'),
    hsmUri: readOnly,
    statusMessage: readOnly,
    provisioningState: readOnly,
    privateEndpointConnections: readOnly,
    scheduledPurgeDate: readOnly,
    securityDomainProperties: readOnly,
  },
);
const readBody = record(
  {},
  {
    location: text,
    sku: record({ family: oneOf('B', 'C'), name: oneOf(...SKUS) }),
    tags: orNull(readTags),
    properties,
    identity: orNull(record({}, { type: only(['None'], 'an HSM here has no identity of its own') })),
    id: readOnly,
    name: readOnly,
    type: readOnly,
    systemData: readOnly,
  },
);

/** @throws ShapeError, ControlError 400 naming the member */
export function readHsmBody(body: unknown): HsmBody {
  const read = readBody(body, 'body');
  const given = read.properties ?? {};
  if (read.sku !== undefined && !read.sku.name.includes(`_${read.sku.family}`)) {
    throw new ControlError(400, 'BadRequest', `body.sku.family must be the letter in ${read.sku.name}`);
  }
  const acls = given.networkAcls;
  return {
    location: read.location === undefined ? undefined : readLocation(read.location),
    sku: read.sku,
    tags: read.tags,
    tenantId: given.tenantId,
    initialAdministrators: given.initialAdminObjectIds,
    softDeleteRetentionInDays: given.softDeleteRetentionInDays,
    purgeProtection: given.enablePurgeProtection,
    createMode: given.createMode,
    publicNetworkAccess: given.publicNetworkAccess,
    networkAcls: acls && { ...acls, ipRules: acls.ipRules && [...new Set(acls.ipRules.map(({ value }) => value))] },
  };
}
