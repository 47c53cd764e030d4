// Tenants, subscriptions and locations: what a client asks right after login.
import type { Authenticate, ControlRequest, ControlRow } from '../../http/control-row.ts';
import { ANY_ACTION, authorize, checkApiVersion, mayAnywhere } from './access/authorize.ts';
import { LOCATIONS } from './locations.ts';
import type { Resources } from './resources.ts';
import type { ResourceStore } from './resources-file.ts';

export function subscriptionRows(
  book: ResourceStore,
  authenticate: Authenticate,
  domain: string,
): readonly ControlRow[] {
  const get = (path: string, answer: (request: ControlRequest) => Promise<unknown>): ControlRow => ({
    host: 'arm',
    method: 'GET',
    path,
    body: 'none',
    async handle(request) {
      checkApiVersion(request);
      return { status: 200, json: await answer(request) };
    },
  });
  const visible = (request: ControlRequest) =>
    authorize(authenticate, () => book.current, request, { action: ANY_ACTION, at: 'anywhere' });
  return [
    get('/tenants', async (request) => {
      await authenticate(request);
      return { value: [describeTenant(book.current.tenantId, domain)] };
    }),
    get('/subscriptions', async (request) => {
      const caller = await authenticate(request);
      const value = mayAnywhere(book.current, caller, ANY_ACTION) ? [describeSubscription(book.current)] : [];
      return { value, count: { type: 'Total', value: value.length } };
    }),
    get('/subscriptions/:subscription', async (request) => {
      await visible(request);
      return describeSubscription(book.current);
    }),
    get('/subscriptions/:subscription/locations', async (request) => {
      await visible(request);
      return { value: LOCATIONS.map((location) => describeLocation(book.current.subscriptionId, location)) };
    }),
  ];
}

function describeTenant(tenantId: string, domain: string): Readonly<Record<string, unknown>> {
  return {
    id: `/tenants/${tenantId}`,
    tenantId,
    displayName: 'Strongroom development directory',
    defaultDomain: domain,
    domains: [domain],
    tenantCategory: 'Home',
    tenantType: 'AAD',
    countryCode: 'US',
  };
}

function describeSubscription({
  tenantId,
  subscriptionId,
  subscriptionName,
}: Resources): Readonly<Record<string, unknown>> {
  return {
    id: `/subscriptions/${subscriptionId}`,
    subscriptionId,
    tenantId,
    displayName: subscriptionName,
    state: 'Enabled',
    authorizationSource: 'RoleBased',
    managedByTenants: [],
    subscriptionPolicies: {
      locationPlacementId: 'Public_2014-09-01',
      quotaId: 'Internal_2014-09-01',
      spendingLimit: 'Off',
    },
  };
}

function describeLocation(subscriptionId: string, { name, displayName }: (typeof LOCATIONS)[number]) {
  return {
    id: `/subscriptions/${subscriptionId}/locations/${name}`,
    name,
    type: 'Region',
    displayName,
    regionalDisplayName: displayName,
    metadata: { regionType: 'Physical', regionCategory: 'Recommended', geographyGroup: 'Local' },
  };
}
