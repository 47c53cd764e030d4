// Rows that list what is in the subscription or in one group, of whatever type. Clients decide by them whether a group is
// empty and may go, so everything that is kept here for its owner is in them, and each caller sees what it may read.
import type { ControlCaller, ControlRequest, ControlRow } from '../../../http/control-row.ts';
import { mayAt } from '../access/authorize.ts';
import { scopeOf } from '../access/scope.ts';
import { ANYWHERE, GROUP, type MakeRow, type Management, SUBSCRIPTION } from '../arm-row.ts';
import { endpointId, hsmId, isIn, requireGroup } from '../find.ts';
import { provisioningState } from '../hsm/describe-hsm.ts';
import { describeIdentity } from '../hsm/identity.ts';
import type { Resources } from '../resources.ts';
import { answerPage } from './page.ts';
import { type Listed, readResourceFilter } from './resource-filter.ts';

interface Item extends Listed {
  readonly id: string;
  readonly scope: string;
  /** Shown always; absent members are left out. */
  readonly more: Readonly<Record<string, unknown>>;
  /** Shown to who asks for it by `$expand`. */
  readonly expandable: Readonly<Record<string, string>>;
}

export function resourceRows({ book }: Management, row: MakeRow): readonly ControlRow[] {
  const list = (request: ControlRequest, caller: ControlCaller, isListed: (item: Item) => boolean = () => true) => {
    const matches = readResourceFilter(request.query.get('$filter'));
    const found = itemsOf(book.current).filter(
      (item) => isListed(item) && matches(item) && mayAt(book.current, caller, `${item.type}/read`, item.scope),
    );
    const expanded = (request.query.get('$expand') ?? '').split(',').map((each) => each.trim());
    return answerPage(
      request,
      found,
      ({ id }) => id,
      ({ id, name, type, location, tags, more, expandable }) => {
        const asked = Object.entries(expandable).filter(([member]) => expanded.includes(member));
        return { id, name, type, location, tags, ...more, ...Object.fromEntries(asked) };
      },
    );
  };
  return [
    row('GET', `${SUBSCRIPTION}/resources`, ANYWHERE, (request, caller) => list(request, caller)),
    row('GET', `${GROUP}/resources`, { ...ANYWHERE, at: 'around' }, (request, caller) => {
      const { name } = requireGroup(book.current, request.params.group);
      return list(request, caller, (item) => isIn(name, item));
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
