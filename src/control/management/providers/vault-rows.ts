// Vaults, which there are none of. Clients that list what there is, or ask what an HSM is for, ask for them along with HSMs.
import type { ControlRow } from '../../../http/control-row.ts';
import { ANY_ACTION } from '../access/authorize.ts';
import { GROUP, KEY_VAULT, type MakeRow, SUBSCRIPTION } from '../arm-row.ts';
import { requireGroup } from '../resource-groups.ts';
import type { ResourceBook } from '../resources-file.ts';

export function vaultRows(book: ResourceBook, row: MakeRow): readonly ControlRow[] {
  const none = { status: 200, json: { value: [] } } as const;
  // Of an empty list everybody sees everything.
  const demand = { action: ANY_ACTION, at: 'anywhere' } as const;
  return [
    row('GET', `${SUBSCRIPTION}/${KEY_VAULT}/vaults`, demand, () => none),
    row('GET', `${GROUP}/${KEY_VAULT}/vaults`, { ...demand, at: 'around' }, ({ params }) => {
      requireGroup(book.current, params.group ?? '');
      return none;
    }),
    row('GET', `${SUBSCRIPTION}/${KEY_VAULT}/deletedVaults`, demand, () => none),
  ];
}
