// Rows that list what is in the subscription or in one group, of whatever type. Clients decide by them whether a group is
// empty and may go, so everything that is kept here for its owner is in them, and each caller sees what it may read.
import type { ControlCaller, ControlRequest, ControlRow } from '../../../http/control-row.ts';
import { ANY_ACTION, mayAt } from '../access/authorize.ts';
import { scopeOf } from '../access/scope.ts';
import { GROUP, type MakeRow, SUBSCRIPTION } from '../arm-row.ts';
import { hsmId, provisioningState } from '../hsm/describe-hsm.ts';
import { describeIdentity } from '../hsm/identity.ts';
import { readPage } from '../hsm/page.ts';
import { endpointId } from '../network/describe-endpoint.ts';
import { isIn, requireGroup } from '../resource-groups.ts';
import type { Resources } from '../resources.ts';
import type { ResourceStore } from '../resources-file.ts';
import { type Listed, readResourceFilter } from './resource-filter.ts';

interface Item extends Listed {
  readonly id: string;
  readonly scope: string;
  /** Shown always; absent members are left out. */
  readonly more: Readonly<Record<string, unknown>>;
  /** Shown to who asks for it by `$expand`. */
  readonly expandable: Readonly<Record<string, string>>;
}

export function resourceRows(book: ResourceStore, row: MakeRow): readonly ControlRow[] {
  const demand = { action: ANY_ACTION, at: 'anywhere' } as const;
  const list = (request: ControlRequest, caller: ControlCaller, among: readonly Item[]) => {
    const matches = readResourceFilter(request.query.get('$filter'));
    const found = among.filter((item) => matches(item) && mayAt(book.current, caller, `${item.type}/read`, item.scope));
    const { items, nextLink } = readPage(request, found, ({ id }) => id);
    const expanded = (request.query.get('$expand') ?? '').split(',').map((each) => each.trim());
    const value = items.map((item) => describe(item, expanded));
    return { status: 200, json: { value, ...(nextLink === undefined ? {} : { nextLink }) } };
  };
  return [
    row('GET', `${SUBSCRIPTION}/resources`, demand, (request, caller) => list(request, caller, itemsOf(book.current))),
    row('GET', `${GROUP}/resources`, { ...demand, at: 'around' }, (request, caller) => {
      const { name } = requireGroup(book.current, request.params.group ?? '');
      const inGroup = itemsOf(book.current).filter((item) => isIn(name, item));
      return list(request, caller, inGroup);
    }),
  ];
}

function itemsOf(resources: Resources): readonly Item[] {
  const hsms = resources.managedHsms.map(
    (hsm): Item => ({
      id: hsmId(resources, hsm),
      scope: scopeOf(resources, { group: hsm.resourceGroup, hsm: hsm.name }),
      name: hsm.spelledName,
      type: 'Microsoft.KeyVault/managedHSMs',
      location: hsm.location,
      resourceGroup: hsm.resourceGroup,
      tags: hsm.tags,
      more: { sku: hsm.sku, ...describeIdentity(hsm) },
      expandable: {
        createdTime: hsm.createdAt,
        changedTime: hsm.modifiedAt,
        provisioningState: provisioningState(hsm),
      },
    }),
  );
  const endpoints = resources.privateEndpoints.map(
    (endpoint): Item => ({
      id: endpointId(resources, endpoint),
      scope: scopeOf(resources, { group: endpoint.resourceGroup }),
      name: endpoint.name,
      type: 'Microsoft.Network/privateEndpoints',
      location: endpoint.location,
      resourceGroup: endpoint.resourceGroup,
      tags: endpoint.tags,
      more: {},
      expandable: { provisioningState: 'Succeeded' },
    }),
  );
  return [...hsms, ...endpoints];
}

function describe(
  { id, name, type, location, tags, more, expandable }: Item,
  expanded: readonly string[],
): Readonly<Record<string, unknown>> {
  const asked = Object.entries(expandable).filter(([member]) => expanded.includes(member));
  return { id, name, type, location, tags, ...more, ...Object.fromEntries(asked) };
}
