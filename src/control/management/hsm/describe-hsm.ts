// A managed HSM as the resource manager shows it, under the names that the caller used.
import type { ControlAnswer, ControlRequest } from '../../../http/control-row.ts';
import { instanceOrigin, type NameForm } from '../../../http/name-form.ts';
import type { InstanceHost, InstanceStatus } from '../../../links/instance-host.ts';
import type { Place } from '../access/scope.ts';
import { hsmId } from '../find.ts';
import { describeConnection } from '../network/connections.ts';
import type { DeletedHsm, ManagedHsm, Resources } from '../resources.ts';
import { etagOf } from './etag.ts';
import { describeIdentity } from './identity.ts';

export const HSM_TYPE = 'Microsoft.KeyVault/managedHSMs';

export function placeOf({ resourceGroup, name }: ManagedHsm): Place {
  return { group: resourceGroup, hsm: name };
}

/** Changes with everything that a client can change, and with nothing that happens by itself. */
export function hsmEtag({ state: _, problem: __, trialStep: ___, ...kept }: ManagedHsm): string {
  return etagOf(kept);
}

export function answerHsm(
  resources: Resources,
  hsm: ManagedHsm,
  { names }: ControlRequest,
  host: InstanceHost,
): ControlAnswer {
  return {
    headers: { etag: hsmEtag(hsm) },
    json: describeHsm(resources, hsm, names, host.status(hsm.name)),
  };
}

const STATUS_MESSAGE: Readonly<Record<ManagedHsm['state'], string>> = {
  Provisioning: 'Resource creation in progress. Starting service...',
  Succeeded: 'The Managed HSM is provisioned and ready to use.',
  Updating: 'Resource update in progress.',
  Failed: 'The last operation on the Managed HSM failed.',
  Deleting: 'Resource deletion in progress.',
  Recovering: 'Resource recovery in progress. Starting service...',
};

const IDLE = 'The Managed HSM does not serve at the moment.';

export function describeHsm(
  resources: Resources,
  hsm: ManagedHsm,
  names: NameForm,
  status: InstanceStatus | undefined,
): Readonly<Record<string, unknown>> {
  const { bypass, defaultAction, ipRules } = hsm.networkAcls;
  const connections = hsm.connections.map((each) => describeConnection(resources, hsm, each, 'Succeeded'));
  return {
    id: hsmId(resources, hsm),
    name: hsm.spelledName,
    type: HSM_TYPE,
    location: hsm.location,
    sku: hsm.sku,
    ...describeIdentity(hsm),
    tags: hsm.tags,
    systemData: {
      createdBy: hsm.createdBy,
      createdByType: hsm.createdByType,
      createdAt: hsm.createdAt,
      lastModifiedBy: hsm.modifiedBy,
      lastModifiedByType: hsm.modifiedByType,
      lastModifiedAt: hsm.modifiedAt,
    },
    properties: {
      tenantId: resources.tenantId,
      hsmUri: `${instanceOrigin(names, hsm.name)}/`,
      initialAdminObjectIds: hsm.initialAdministrators,
      enableSoftDelete: true,
      softDeleteRetentionInDays: hsm.softDeleteRetentionInDays,
      enablePurgeProtection: hsm.purgeProtection,
      provisioningState: provisioningState(hsm),
      statusMessage: hsm.problem ?? idleMessage(hsm, status) ?? trialMessage(hsm) ?? STATUS_MESSAGE[hsm.state],
      networkAcls: { bypass, defaultAction, ipRules: ipRules.map((value) => ({ value })), virtualNetworkRules: [] },
      // Absent while there is none, as the public service has it.
      ...(connections.length === 0 ? {} : { privateEndpointConnections: connections }),
      publicNetworkAccess: hsm.publicNetworkAccess,
      regions: [],
      securityDomainProperties: {
        activationStatus: status === undefined || WORDLESS.has(status.activation) ? 'Unknown' : status.activation,
        activationStatusMessage: status?.message ?? IDLE,
      },
    },
  };
}

export function provisioningState({ state }: ManagedHsm): string {
  return state === 'Recovering' ? 'Provisioning' : state;
}

/** The resource manager has no word for these; the message says what it is. */
const WORDLESS: ReadonlySet<InstanceStatus['activation']> = new Set(['Locked', 'Stopped']);

/**
 * Of one that does not do its work. That is no state of provisioning: `Failed` would tell clients that what they asked for
 * has not come about.
 */
function idleMessage({ state }: ManagedHsm, status: InstanceStatus | undefined): string | undefined {
  if (state !== 'Succeeded') return undefined;
  if (status?.activation === 'Failed') return `The Managed HSM does not serve: ${status.message}`;
  if (status !== undefined && WORDLESS.has(status.activation)) return status.message;
  return (status?.port ?? 0) === 0 ? IDLE : undefined;
}

function trialMessage({ trial, state }: ManagedHsm): string | undefined {
  if (trial === undefined || state !== 'Succeeded') return undefined;
  return `The network rules are on trial: unless they are confirmed, those of before are back at ${trial.until}.`;
}

const DAY_MS = 86_400_000;

/** Milliseconds since 1970. */
export function purgeTime({ hsm, deletedAt }: DeletedHsm): number {
  return Date.parse(deletedAt) + hsm.softDeleteRetentionInDays * DAY_MS;
}

export function describeDeletedHsm(resources: Resources, deleted: DeletedHsm): Record<string, unknown> {
  const { hsm, deletedAt } = deleted;
  const location = `/subscriptions/${resources.subscriptionId}/providers/Microsoft.KeyVault/locations/${hsm.location}`;
  return {
    id: `${location}/deletedManagedHSMs/${hsm.spelledName}`,
    name: hsm.spelledName,
    // As the public service spells it.
    type: 'Microsoft.Keyvault/deletedManagedHSMs',
    properties: {
      mhsmId: hsmId(resources, hsm),
      location: hsm.location,
      deletionDate: deletedAt,
      scheduledPurgeDate: new Date(purgeTime(deleted)).toISOString(),
      purgeProtectionEnabled: hsm.purgeProtection,
      tags: hsm.tags,
    },
  };
}
