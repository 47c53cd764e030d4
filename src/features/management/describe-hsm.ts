// A managed HSM as the resource manager shows it, under the names that the caller used.
import { instanceOrigin, type NameForm } from '../../wire/name-form.ts';
import type { InstanceStatus } from './instance-host.ts';
import type { DeletedHsm, ManagedHsm, Resources } from './resources.ts';

export function hsmId({ subscriptionId }: Resources, hsm: Pick<ManagedHsm, 'name' | 'resourceGroup'>): string {
  return `/subscriptions/${subscriptionId}/resourceGroups/${hsm.resourceGroup}/providers/Microsoft.KeyVault/managedHSMs/${hsm.name}`;
}

const STATUS_MESSAGE: Readonly<Record<ManagedHsm['state'], string>> = {
  Provisioning: 'Resource creation in progress. Starting service...',
  Succeeded: 'The Managed HSM is provisioned and ready to use.',
  Failed: 'The Managed HSM could not be provisioned.',
  Deleting: 'Resource deletion in progress.',
};

export function describeHsm(
  resources: Resources,
  hsm: ManagedHsm,
  names: NameForm,
  status: InstanceStatus | undefined,
): Readonly<Record<string, unknown>> {
  return {
    id: hsmId(resources, hsm),
    name: hsm.name,
    type: 'Microsoft.KeyVault/managedHSMs',
    location: hsm.location,
    sku: hsm.sku,
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
      provisioningState: hsm.state,
      statusMessage: hsm.problem ?? STATUS_MESSAGE[hsm.state],
      networkAcls: { bypass: 'AzureServices', defaultAction: 'Allow', ipRules: [], virtualNetworkRules: [] },
      publicNetworkAccess: 'Enabled',
      regions: [],
      securityDomainProperties: {
        activationStatus: status?.activation ?? 'Unknown',
        activationStatusMessage: status?.message ?? 'The Managed HSM does not serve at the moment.',
      },
    },
  };
}

export function describeDeletedHsm(resources: Resources, { hsm, deletedAt }: DeletedHsm): Record<string, unknown> {
  const { subscriptionId } = resources;
  const purgeDate = new Date(Date.parse(deletedAt) + hsm.softDeleteRetentionInDays * 86_400_000);
  return {
    id: `/subscriptions/${subscriptionId}/providers/Microsoft.KeyVault/locations/${hsm.location}/deletedManagedHSMs/${hsm.name}`,
    name: hsm.name,
    type: 'Microsoft.KeyVault/deletedManagedHSMs',
    properties: {
      mhsmId: hsmId(resources, hsm),
      location: hsm.location,
      deletionDate: deletedAt,
      scheduledPurgeDate: purgeDate.toISOString(),
      purgeProtectionEnabled: hsm.purgeProtection,
      tags: hsm.tags,
    },
  };
}
