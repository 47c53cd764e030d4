// Rows about resource providers. Those that this service has are registered from the start: registering one again changes
// nothing, and one that it does not have cannot be.
import { ControlError, type ControlRequest, type ControlRow } from '../../../http/control-row.ts';
import { ANYWHERE, type MakeRow, type Management, SUBSCRIPTION } from '../arm-row.ts';
import { LOCATIONS, readLocation } from '../locations.ts';
import { TOKEN } from '../subscriptions.ts';

interface Namespace {
  readonly name: string;
  /** Type, and the api-versions that clients take the newest of. */
  readonly types: readonly (readonly [resourceType: string, apiVersions: readonly string[]])[];
}

const KEY_VAULT = ['2026-02-01', '2025-05-01', '2024-11-01', '2023-07-01', '2021-10-01'];

/** Those that there are rows of here: clients look an api-version up in them, and Terraform wants them registered before it does anything. */
const NAMESPACES: readonly Namespace[] = [
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
      ['diagnosticSettingsCategories', ['2021-05-01-preview', '2017-05-01-preview']],
    ],
  },
  { name: 'Microsoft.Attestation', types: [['locations/defaultProvider', ['2021-06-01', '2020-10-01']]] },
];

export function providerRows({ book }: Management, row: MakeRow): readonly ControlRow[] {
  const show = (namespace: Namespace) => ({ json: describeNamespace(book.current.subscriptionId, namespace) });
  const all = `${SUBSCRIPTION}/providers`;
  return [
    row('GET', all, ANYWHERE, () => ({ json: { value: NAMESPACES.map((each) => show(each).json) } })),
    row('GET', `${all}/:namespace`, ANYWHERE, (request) => show(requireNamespace(request))),
    ...NAMESPACES.map((namespace) =>
      row('POST', `${all}/${namespace.name}/register`, `${namespace.name}/register/action`, () => show(namespace)),
    ),
    row('POST', `${all}/:namespace/register`, ANYWHERE, (request) => show(requireNamespace(request))),
  ];
}

function requireNamespace({ params }: ControlRequest): Namespace {
  const name = params.namespace ?? '';
  const found = NAMESPACES.find((each) => each.name.toLowerCase() === name.toLowerCase());
  if (found !== undefined) return found;
  throw new ControlError(
    404,
    'InvalidResourceNamespace',
    `The resource namespace '${name.slice(0, 64)}' is invalid: this service has ${NAMESPACES.map((each) => each.name).join(', ')}.`,
  );
}

function describeNamespace(subscriptionId: string, { name, types }: Namespace) {
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

const PREFIX = 'Microsoft.KeyVault/';

/**
 * Which operations Microsoft.KeyVault has here: those that rows ask a role for, and no list beside them.
 * @param demanded the actions of all rows; looked at when somebody asks
 */
export function operationRow(row: MakeRow, demanded: ReadonlySet<string>): ControlRow {
  return row('GET', '/providers/Microsoft.KeyVault/operations', TOKEN, () => {
    const value = [...demanded].filter((action) => action.startsWith(PREFIX)).map(describeOperation);
    return { json: { value } };
  });
}

function describeOperation(name: string) {
  const parts = name
    .slice(PREFIX.length)
    .replace(/\/action$/, '')
    .split('/');
  const verb = parts.pop() ?? '';
  const resource = parts.join('/') || 'providers';
  const operation = `${verb.charAt(0).toUpperCase()}${verb.slice(1)} ${resource}`;
  return {
    name,
    isDataAction: false,
    display: { provider: 'Microsoft Key Vault', resource, operation, description: operation },
  };
}

/**
 * The attestation provider that a policy names when its author names none (`az keyvault key create --default-cvm-policy`).
 * Naming it makes no HSM trust it: that is for the HSM's own administrators.
 */
export function attestationRow({ book }: Management, row: MakeRow): ControlRow {
  const path = `${SUBSCRIPTION}/providers/Microsoft.Attestation/locations/:location/defaultProvider`;
  return row('GET', path, ANYWHERE, ({ names, params }) => {
    const location = readLocation(params.location ?? '');
    if (names.attestation === undefined) {
      const message = 'There is no default attestation provider here: write a policy that names one.';
      throw new ControlError(404, 'NotFound', message);
    }
    const id = `/subscriptions/${book.current.subscriptionId}/providers/Microsoft.Attestation/locations/${location}/defaultProvider`;
    const properties = { trustModel: 'AAD', status: 'Ready', attestUri: names.attestation };
    return { json: { id, name: 'default', type: 'Microsoft.Attestation/attestationProviders', location, properties } };
  });
}
