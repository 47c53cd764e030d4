// Rows of an HSM's diagnostic settings and of the categories that they may name. A setting is kept and on record before its
// instance hears of it, and answered when it has.
import { isOneLine } from '../../../formats/printable.ts';
import { type ControlCaller, ControlError, type ControlRequest, type ControlRow } from '../../../http/control-row.ts';
import { type Handle, HSM, type MakeRow, type Management } from '../arm-row.ts';
import { hsmId, requireHsm, withHsm } from '../find.ts';
import { checkIdle, type Decide } from '../hsm/decisions.ts';
import { modifiedBy } from '../hsm/hsm-rules.ts';
import { changeNow } from '../hsm/operations.ts';
import { type DiagnosticSetting, type ManagedHsm, MOST_DIAGNOSTIC_SETTINGS } from '../resources.ts';
import { AUDIT_EVENT, CATEGORY_GROUPS, checkNotTwice, describeSetting, readSetting } from './settings.ts';

const ACTION = 'Microsoft.Insights/diagnosticSettings';
const SETTING_NAME = /^[^<>*%&:\\?+/\0-\x1f]{1,260}$/;

export function diagnosticRows(management: Management, row: MakeRow): readonly ControlRow[] {
  const { book, destinations, now } = management;
  const settings = `${HSM}/providers/${ACTION}`;
  const one = `${settings}/:setting`;
  const show = (request: ControlRequest) => {
    const hsm = requireHsm(book.current, request);
    return { json: describeSetting(book.current, hsm, requireSetting(hsm, request)) };
  };
  const changed =
    (
      request: ControlRequest,
      caller: ControlCaller,
      change: (hsm: ManagedHsm) => readonly DiagnosticSetting[],
    ): Decide =>
    (resources) => {
      const hsm = requireHsm(resources, request);
      const diagnosticSettings = change(hsm);
      checkIdle(hsm);
      const at = new Date(now()).toISOString();
      return withHsm(resources, { ...hsm, diagnosticSettings, ...modifiedBy(caller, at), state: 'Updating' });
    };

  const put: Handle = async (request, caller) => {
    const name = request.params.setting ?? '';
    if (!SETTING_NAME.test(name) || !isOneLine(name)) {
      const message =
        'The name of a diagnostic setting has 1 to 260 characters of one line, and none of < > * % & : \\ ? + /';
      throw new ControlError(400, 'BadRequest', message);
    }
    requireHsm(book.current, request);
    const given = readSetting(name, request.body, destinations);
    const decide = changed(request, caller, (hsm) => {
      const before = find(hsm, request);
      const others = hsm.diagnosticSettings.filter((each) => each !== before);
      if (others.length >= MOST_DIAGNOSTIC_SETTINGS) {
        const message = `'${hsm.spelledName}' has ${MOST_DIAGNOSTIC_SETTINGS} diagnostic settings, the most there can be.`;
        throw new ControlError(409, 'Conflict', message);
      }
      checkNotTwice(given, others);
      return [...others, { ...given, name: before?.name ?? name }];
    });
    await heard(management, request, decide);
    return show(request);
  };

  const remove: Handle = async (request, caller) => {
    if (find(requireHsm(book.current, request), request) === undefined) return { status: 204 };
    const decide = changed(request, caller, (hsm) => {
      const gone = requireSetting(hsm, request);
      return hsm.diagnosticSettings.filter((each) => each !== gone);
    });
    await heard(management, request, decide);
    return { status: 200 };
  };

  const category = (hsm: ManagedHsm) => ({
    id: `${hsmId(book.current, hsm)}/providers/microsoft.insights/diagnosticSettingsCategories/${AUDIT_EVENT}`,
    type: 'microsoft.insights/diagnosticSettingsCategories',
    name: AUDIT_EVENT,
    properties: { categoryType: 'Logs', categoryGroups: CATEGORY_GROUPS },
  });
  return [
    row('GET', settings, `${ACTION}/read`, (request) => {
      const hsm = requireHsm(book.current, request);
      return { json: { value: hsm.diagnosticSettings.map((each) => describeSetting(book.current, hsm, each)) } };
    }),
    row('GET', one, `${ACTION}/read`, show),
    row('PUT', one, `${ACTION}/write`, put),
    row('DELETE', one, `${ACTION}/delete`, remove),
    row('GET', `${settings}Categories`, `${ACTION}/read`, (request) => ({
      json: { value: [category(requireHsm(book.current, request))] },
    })),
    row('GET', `${settings}Categories/:category`, `${ACTION}/read`, (request) => {
      const hsm = requireHsm(book.current, request);
      const { category: name = '' } = request.params;
      if (name.toLowerCase() !== AUDIT_EVENT.toLowerCase()) throw notFound('category', name);
      return { json: category(hsm) };
    }),
  ];
}

/** Clients take the answer for the end of it. @throws ControlError */
async function heard(management: Management, request: ControlRequest, decide: Decide): Promise<void> {
  const { status } = await changeNow(management, request, decide);
  if (status !== 'InProgress') return;
  const message = 'The setting is kept, and its HSM has not yet heard of it: ask for the same again.';
  throw new ControlError(503, 'ServiceUnavailable', message, { headers: { 'retry-after': '10' } });
}

function find({ diagnosticSettings }: ManagedHsm, { params }: ControlRequest): DiagnosticSetting | undefined {
  const wanted = params.setting?.toLowerCase();
  return diagnosticSettings.find(({ name }) => name.toLowerCase() === wanted);
}

/** @throws ControlError 404 */
function requireSetting(hsm: ManagedHsm, request: ControlRequest): DiagnosticSetting {
  const found = find(hsm, request);
  if (found === undefined) throw notFound('setting', request.params.setting);
  return found;
}

function notFound(what: string, name = ''): ControlError {
  return new ControlError(404, 'ResourceNotFound', `There is no diagnostic ${what} '${name.slice(0, 260)}'.`);
}
