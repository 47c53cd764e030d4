// Rows of Microsoft.Insights/diagnosticSettingsCategories of an HSM: what its diagnostic settings can be about.
import { ControlError, type ControlRequest, type ControlRow } from '../../../wire/control-row.ts';
import { HSM, type MakeRow } from '../arm-row.ts';
import { hsmId } from '../hsm/describe-hsm.ts';
import { requireHsm } from '../hsm/find-hsm.ts';
import type { ResourceBook } from '../resources-file.ts';

const TYPE = 'Microsoft.Insights/diagnosticSettingsCategories';
const CATEGORIES = [
  { name: 'AuditEvent', categoryType: 'Logs', categoryGroups: ['audit', 'allLogs'] },
  { name: 'AllMetrics', categoryType: 'Metrics', categoryGroups: [] },
];

export function categoryRows(book: ResourceBook, row: MakeRow): readonly ControlRow[] {
  const list = `${HSM}/providers/${TYPE}`;
  const action = 'Microsoft.Insights/diagnosticSettings/read';
  const all = (request: ControlRequest) => {
    const id = `${hsmId(book.current, requireHsm(book.current, request))}/providers/${TYPE}`;
    return CATEGORIES.map(({ name, ...properties }) => ({ id: `${id}/${name}`, name, type: TYPE, properties }));
  };
  return [
    row('GET', list, action, (request) => ({ status: 200, json: { value: all(request) } })),
    row('GET', `${list}/:category`, action, (request) => {
      const wanted = request.params.category?.toLowerCase();
      const found = all(request).find(({ name }) => name.toLowerCase() === wanted);
      if (found === undefined) {
        const names = CATEGORIES.map(({ name }) => name).join(', ');
        throw new ControlError(404, 'ResourceNotFound', `There is no such category; there are: ${names}.`);
      }
      return { status: 200, json: found };
    }),
  ];
}
