// Rows of what clients ask for along with HSMs, and of which there is none here.
import { ControlError, type ControlRow } from '../../../http/control-row.ts';
import { ANYWHERE, GROUP, HSM, KEY_VAULT, type MakeRow, type Management, SUBSCRIPTION } from '../arm-row.ts';
import { requireGroup, requireHsm } from '../find.ts';

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

const ACTION = 'Microsoft.Insights/diagnosticSettings';

/**
 * Diagnostic settings of an HSM, and their categories. Nothing ships logs, and a setting that was kept would say that somebody
 * receives them.
 */
export function diagnosticRows({ book }: Management, row: MakeRow): readonly ControlRow[] {
  const none = (what: string, path: string) => [
    row('GET', path, `${ACTION}/read`, (request) => {
      requireHsm(book.current, request);
      return NONE;
    }),
    row('GET', `${path}/:one`, `${ACTION}/read`, (request) => {
      requireHsm(book.current, request);
      throw new ControlError(404, 'ResourceNotFound', `There is no such diagnostic ${what}.`);
    }),
  ];
  const settings = `${HSM}/providers/${ACTION}`;
  return [
    ...none('setting', settings),
    ...none('category', `${settings}Categories`),
    row('PUT', `${settings}/:one`, `${ACTION}/write`, (request) => {
      const { name, spelledName } = requireHsm(book.current, request);
      throw new ControlError(
        400,
        'NotSupported',
        `Logs are not sent anywhere from here, so '${spelledName}' has no diagnostic settings. Its audit log lies in the folder instances/${name}/audit of the data directory: read it there with './strongroom audit show' and './strongroom audit verify', or have your own agent ship what 'audit show --json' prints.`,
      );
    }),
    row('DELETE', `${settings}/:one`, `${ACTION}/delete`, (request) => {
      requireHsm(book.current, request);
      return { status: 204 };
    }),
  ];
}
