// The body of a managed HSM's PUT and PATCH, turned into what we keep. What this release cannot do (network rules,
// identities, more regions) is refused, never silently dropped; read-only members that clients send back are let pass.
import { flag, guid, integer, list, mapOf, oneOf, type Reader, record, ShapeError, text } from '../../formats/shape.ts';
import { ControlError } from '../../wire/control-row.ts';
import { readLocation } from './locations.ts';
import type { Sku, Tags } from './resources.ts';

export interface HsmBody {
  readonly location: string | undefined;
  readonly sku: Sku | undefined;
  readonly tags: Tags | undefined;
  readonly tenantId: string | undefined;
  readonly initialAdministrators: readonly string[] | undefined;
  readonly softDeleteRetentionInDays: number | undefined;
  readonly purgeProtection: boolean | undefined;
  readonly createMode: 'default' | 'recover' | undefined;
}

const SKUS = ['Standard_B1', 'Custom_B32', 'Custom_B6', 'Custom_C42', 'Custom_C10'] as const;
const readOnly: Reader<unknown> = (value) => value;

function orNull<T>(read: Reader<T>): Reader<T | undefined> {
  return (value, path) => (value === null ? undefined : read(value, path));
}

function only(allowed: readonly unknown[], what: string): Reader<unknown> {
  return (value, path) => {
    if (!allowed.includes(value)) throw new ShapeError(`${path}: ${what}`);
  };
}

const emptyList: Reader<unknown> = (value, path) => {
  if (value !== null && (!Array.isArray(value) || value.length > 0)) {
    throw new ShapeError(`${path}: rules and regions of this kind are not available in this release`);
  }
};
const networkAcls = record(
  {},
  {
    bypass: oneOf('AzureServices', 'None'),
    defaultAction: only(['Allow'], 'network rules are not available in this release; only "Allow" is accepted'),
    ipRules: emptyList,
    virtualNetworkRules: emptyList,
    serviceTags: emptyList,
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
    createMode: orNull(oneOf('default', 'recover')),
    networkAcls: orNull(networkAcls),
    publicNetworkAccess: only(['Enabled', null], 'closing the public network is not available in this release'),
    regions: emptyList,
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
    tags: orNull(mapOf(text, 50)),
    properties,
    identity: orNull(record({}, { type: oneOf('None') })),
    id: readOnly,
    name: readOnly,
    type: readOnly,
    systemData: readOnly,
  },
);

/** @throws ControlError 400 naming the member */
export function readHsmBody(body: unknown): HsmBody {
  let read: ReturnType<typeof readBody>;
  try {
    read = readBody(body, 'body');
  } catch (cause) {
    if (!(cause instanceof ShapeError)) throw cause;
    throw new ControlError(400, 'BadRequest', cause.message, { cause });
  }
  const given = read.properties ?? {};
  if (read.sku !== undefined && !read.sku.name.includes(`_${read.sku.family}`)) {
    throw new ControlError(400, 'BadRequest', `body.sku.family must be the letter in ${read.sku.name}`);
  }
  return {
    location: read.location === undefined ? undefined : readLocation(read.location),
    sku: read.sku,
    tags: read.tags,
    tenantId: given.tenantId,
    initialAdministrators: given.initialAdminObjectIds,
    softDeleteRetentionInDays: given.softDeleteRetentionInDays,
    purgeProtection: given.enablePurgeProtection,
    createMode: given.createMode,
  };
}
