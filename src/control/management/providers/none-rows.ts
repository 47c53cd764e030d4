// Rows of what clients ask for along with HSMs, and of which there is none here.
import type { ControlRow } from '../../../http/control-row.ts';
import { ANYWHERE, GROUP, KEY_VAULT, type MakeRow, type Management, SUBSCRIPTION } from '../arm-row.ts';
import { requireGroup } from '../find.ts';

const NONE = { json: { value: [] } } as const;

/** Vaults. Clients that list what there is, or ask what an HSM is for, ask for them too. */
export function vaultRows({ book }: Management, row: MakeRow): readonly ControlRow[] {
  return [
    row('GET', `${SUBSCRIPTION}/${KEY_VAULT}/vaults`, ANYWHERE, () => NONE),
    row('GET', `${GROUP}/${KEY_VAULT}/vaults`, { ...ANYWHERE, at: 'around' }, ({ params }) => {
      requireGroup(book.current, params.group);
      return NONE;
    }),
    row('GET', `${SUBSCRIPTION}/${KEY_VAULT}/deletedVaults`, ANYWHERE, () => NONE),
  ];
}
