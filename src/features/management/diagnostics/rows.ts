// Rows of Microsoft.Insights/diagnosticSettings of an HSM: accepted, checked, kept and shown.
import { ControlError, type ControlRequest, type ControlRow } from '../../../wire/control-row.ts';
import { HSM, type MakeRow } from '../arm-row.ts';
import { hsmId } from '../hsm/describe-hsm.ts';
import { requireHsm } from '../hsm/find-hsm.ts';
import type { ManagedHsm, Resources } from '../resources.ts';
import type { ResourceBook } from '../resources-file.ts';
import { categoryRows } from './category-rows.ts';
import { DESTINATIONS, type DiagnosticSetting, MOST_SETTINGS, readSettingBody, SETTING_NAME } from './setting.ts';

const ACTION = 'Microsoft.Insights/diagnosticSettings';

export function diagnosticRows(book: ResourceBook, row: MakeRow): readonly ControlRow[] {
  const list = `${HSM}/providers/${ACTION}`;
  const one = `${list}/:setting`;
  const show = (hsm: ManagedHsm, setting: DiagnosticSetting) => describe(book.current, hsm, setting);
  const find = ({ diagnostics }: ManagedHsm, { params }: ControlRequest): DiagnosticSetting | undefined => {
    const wanted = params.setting?.toLowerCase();
    return diagnostics.find(({ name }) => name.toLowerCase() === wanted);
  };
  const change = (request: ControlRequest, decide: (hsm: ManagedHsm) => readonly DiagnosticSetting[]) =>
    book.update((resources) => {
      const hsm = requireHsm(resources, request);
      const after = { ...hsm, diagnostics: decide(hsm) };
      const managedHsms = resources.managedHsms.map((each) => (each === hsm ? after : each));
      return { resources: { ...resources, managedHsms }, result: after };
    });
  return [
    row('GET', list, `${ACTION}/read`, (request) => {
      const hsm = requireHsm(book.current, request);
      return { status: 200, json: { value: hsm.diagnostics.map((setting) => show(hsm, setting)) } };
    }),
    row('GET', one, `${ACTION}/read`, (request) => {
      const hsm = requireHsm(book.current, request);
      const setting = find(hsm, request);
      if (setting === undefined)
        throw new ControlError(404, 'ResourceNotFound', 'There is no such diagnostic setting.');
      return { status: 200, json: show(hsm, setting) };
    }),
    row('PUT', one, `${ACTION}/write`, async (request) => {
      const name = request.params.setting ?? '';
      if (!SETTING_NAME.test(name))
        throw new ControlError(
          400,
          'BadRequest',
          'The name of a diagnostic setting has 1 to 260 characters, none of / \\ ? # % & < > * + :',
        );
      requireHsm(book.current, request);
      const setting = readSettingBody(name, request.body);
      const hsm = await change(request, (hsm) => {
        const others = hsm.diagnostics.filter((each) => each !== find(hsm, request));
        if (others.length >= MOST_SETTINGS)
          throw new ControlError(409, 'Conflict', `There are ${MOST_SETTINGS} diagnostic settings already.`);
        return [...others, { ...setting, name: find(hsm, request)?.name ?? name }];
      });
      const kept = find(hsm, request);
      return { status: 200, json: kept === undefined ? {} : show(hsm, kept) };
    }),
    row('DELETE', one, `${ACTION}/delete`, async (request) => {
      if (find(requireHsm(book.current, request), request) === undefined) return { status: 204 };
      await change(request, (hsm) => hsm.diagnostics.filter((each) => each !== find(hsm, request)));
      return { status: 200 };
    }),
    ...categoryRows(book, row),
  ];
}

function describe(resources: Resources, hsm: ManagedHsm, { name, destinations, logs, metrics }: DiagnosticSetting) {
  const retentionPolicy = { enabled: false, days: 0 };
  return {
    id: `${hsmId(resources, hsm)}/providers/${ACTION}/${name}`,
    name,
    type: ACTION,
    properties: {
      ...Object.fromEntries(DESTINATIONS.map((each) => [each, destinations[each] ?? null])),
      serviceBusRuleId: null,
      logs: logs.map((log) => ({ category: null, categoryGroup: null, ...log, retentionPolicy })),
      metrics: metrics.map((metric) => ({ ...metric, retentionPolicy })),
    },
  };
}
