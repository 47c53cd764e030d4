// The setting rows: list, get, update.
import type { Change, Records } from '../../store/sealed/records.ts';
import { readText } from '../../wire/body.ts';
import { type AnyRow, row } from '../../wire/route.ts';
import { ServiceError } from '../../wire/service-error.ts';
import { describeValues, findSetting, normalValue, type SettingName, settingTable } from './setting-table.ts';
import { type Settings, settingChange } from './settings.ts';

const ACTION = 'Microsoft.KeyVault/managedHsm/settings';
const SINCE = '7.4-preview.1';

export interface SettingsService {
  readonly settings: Settings;
  readonly records: Records;
  /** What a feature has committed with a setting; throws for a value that it does not take. */
  readonly companion: (name: SettingName, value: string) => readonly Change[];
}

export function settingRows({ settings, records, companion }: SettingsService): readonly AnyRow[] {
  const shape = (name: SettingName): object => {
    const setting = requireSetting(name);
    return { name: setting.name, type: setting.type, value: settings.value(setting.name) };
  };
  return [
    row({
      method: 'GET',
      path: '/settings',
      since: SINCE,
      operationName: 'SettingsGet',
      dataAction: `${ACTION}/read/action`,
      scope: 'root',
      activation: 'active',
      repeatable: true,
      handle: () => ({ status: 200, body: { settings: settingTable.map(({ name }) => shape(name)) } }),
    }),
    row({
      method: 'GET',
      path: '/settings/:setting',
      since: SINCE,
      operationName: 'SettingsGet',
      dataAction: `${ACTION}/read/action`,
      scope: 'root',
      activation: 'active',
      repeatable: true,
      handle: ({ params }) => ({ status: 200, body: shape(requireSetting(params['setting']).name) }),
    }),
    row<{ readonly value: string }>({
      method: 'PATCH',
      path: '/settings/:setting',
      since: SINCE,
      operationName: 'SettingsUpdate',
      dataAction: `${ACTION}/write/action`,
      scope: 'root',
      activation: 'active',
      readBody: (body) => ({ value: readText(body, 'value') }),
      repeatable: true,
      async handle({ params, body, recheck }) {
        const setting = requireSetting(params['setting']);
        const value = normalValue(setting, body.value);
        if (value === undefined) {
          throw new ServiceError('BadParameter', `The setting ${setting.name} must be ${describeValues(setting)}`);
        }
        const head = await records.update(() => {
          recheck();
          return [settingChange(setting.name, value), ...companion(setting.name, value)];
        });
        return { status: 200, body: shape(setting.name), head };
      },
    }),
  ];
}

/** @throws ServiceError NotFound */
function requireSetting(name: string | undefined): NonNullable<ReturnType<typeof findSetting>> {
  const setting = findSetting(name ?? '');
  if (setting !== undefined) return setting;
  throw new ServiceError(
    'NotFound',
    `There is no setting '${(name ?? '').slice(0, 80)}'; there are ${settingTable.map((each) => each.name).join(', ')}`,
  );
}
