// Rows of Microsoft.Insights/diagnosticSettings and their categories: there are none. Nothing ships logs, and a setting that was
// kept would say that somebody receives them.
import { ControlError, type ControlRequest, type ControlRow } from '../../../http/control-row.ts';
import { HSM, type MakeRow } from '../arm-row.ts';
import { requireHsm } from '../hsm/find-hsm.ts';
import type { ResourceStore } from '../resources-file.ts';

const ACTION = 'Microsoft.Insights/diagnosticSettings';

export function diagnosticRows(book: ResourceStore, row: MakeRow): readonly ControlRow[] {
  const none = (what: string, path: string) => [
    row('GET', path, `${ACTION}/read`, (request) => {
      requireHsm(book.current, request);
      return { status: 200, json: { value: [] } };
    }),
    row('GET', `${path}/:one`, `${ACTION}/read`, (request) => {
      requireHsm(book.current, request);
      throw new ControlError(404, 'ResourceNotFound', `There is no such diagnostic ${what}.`);
    }),
  ];
  const settings = `${HSM}/providers/${ACTION}`;
  return [
    ...none('setting', settings),
    ...none('category', `${HSM}/providers/Microsoft.Insights/diagnosticSettingsCategories`),
    row('PUT', `${settings}/:one`, `${ACTION}/write`, (request) => refuse(book, request)),
    row('DELETE', `${settings}/:one`, `${ACTION}/delete`, (request) => {
      requireHsm(book.current, request);
      return { status: 204 };
    }),
  ];
}

/** @throws ControlError */
function refuse(book: ResourceStore, request: ControlRequest): never {
  const { spelledName } = requireHsm(book.current, request);
  throw new ControlError(
    400,
    'NotSupported',
    `Logs are not sent anywhere from here, so '${spelledName}' has no diagnostic settings. Its audit log lies in the folder instances/${spelledName.toLowerCase()}/audit of the data directory: read it there with './strongroom audit show' and './strongroom audit verify', or have your own agent ship what 'audit show --json' prints.`,
  );
}
