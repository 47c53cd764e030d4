// Tenants, subscriptions and locations: what a client asks right after login.
import type { ControlRow } from '../../http/control-row.ts';
import { ANY_ACTION, may } from './access/authorize.ts';
import { ANYWHERE, type MakeRow, type Management, SUBSCRIPTION } from './arm-row.ts';
import { LOCATIONS } from './locations.ts';
import type { Resources } from './resources.ts';

/** Whoever is known hears what there is for them. */
export const TOKEN = { action: ANY_ACTION, at: 'token' } as const;

export function subscriptionRows({ book, domain }: Management, row: MakeRow): readonly ControlRow[] {
  return [
    row('GET', '/tenants', TOKEN, () => ({ json: { value: [describeTenant(book.current.tenantId, domain)] } })),
    row('GET', '/subscriptions', TOKEN, (_request, caller) => {
      const value = may(book.current, caller, ANY_ACTION) ? [describeSubscription(book.current)] : [];
      return { json: { value, count: { type: 'Total', value: value.length } } };
    }),
    row('GET', SUBSCRIPTION, ANYWHERE, () => ({ json: describeSubscription(book.current) })),
    row('GET', `${SUBSCRIPTION}/locations`, ANYWHERE, () => {
      const value = LOCATIONS.map(({ name, displayName }) => ({
        id: `/subscriptions/${book.current.subscriptionId}/locations/${name}`,
        name,
        type: 'Region',
        displayName,
        regionalDisplayName: displayName,
        metadata: { regionType: 'Physical', regionCategory: 'Recommended', geographyGroup: 'Local' },
      }));
      return { json: { value } };
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

function describeSubscription({ tenantId, subscriptionId, subscriptionName }: Resources) {
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
