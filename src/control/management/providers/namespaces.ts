// The resource providers that this service has rows of, with their types: what clients look an api-version up in, and what
// Terraform wants registered before it does anything.
import { LOCATIONS } from '../locations.ts';

export interface Namespace {
  readonly name: string;
  /** Type, and the api-versions that clients take the newest of. */
  readonly types: readonly (readonly [resourceType: string, apiVersions: readonly string[]])[];
}

const KEY_VAULT = ['2026-02-01', '2025-05-01', '2024-11-01', '2023-07-01', '2021-10-01'];

export const NAMESPACES: readonly Namespace[] = [
  {
    name: 'Microsoft.KeyVault',
    types: [
      'managedHSMs',
      'managedHSMs/keys',
      'managedHSMs/privateEndpointConnections',
      'deletedManagedHSMs',
      'locations/deletedManagedHSMs',
      'locations/managedHsmOperationResults',
      'checkMhsmNameAvailability',
      'operations',
    ].map((type) => [type, KEY_VAULT]),
  },
  { name: 'Microsoft.Network', types: [['privateEndpoints', ['2026-01-01', '2024-05-01']]] },
  { name: 'Microsoft.Resources', types: [['resourceGroups', ['2025-04-01', '2022-09-01', '2021-04-01']]] },
  {
    name: 'Microsoft.Authorization',
    types: [
      ['roleAssignments', ['2022-04-01', '2020-04-01-preview']],
      ['roleDefinitions', ['2022-04-01', '2018-01-01-preview']],
    ],
  },
  {
    name: 'Microsoft.Insights',
    types: [
      ['diagnosticSettings', ['2021-05-01-preview', '2016-09-01']],
      ['diagnosticSettingsCategories', ['2021-05-01-preview']],
    ],
  },
  { name: 'Microsoft.Attestation', types: [['locations/defaultProvider', ['2021-06-01', '2020-10-01']]] },
];

export function findNamespace(name: string): Namespace | undefined {
  return NAMESPACES.find((each) => each.name.toLowerCase() === name.toLowerCase());
}

export function describeNamespace(subscriptionId: string, { name, types }: Namespace) {
  return {
    id: `/subscriptions/${subscriptionId}/providers/${name}`,
    namespace: name,
    registrationPolicy: 'RegistrationRequired',
    registrationState: 'Registered',
    resourceTypes: types.map(([resourceType, apiVersions]) => ({
      resourceType,
      locations: LOCATIONS.map(({ displayName }) => displayName),
      apiVersions,
    })),
  };
}
