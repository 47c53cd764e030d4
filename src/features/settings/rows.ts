// The setting rows: list, get, update. The service's list holds booleans and nothing else, and a client in Java reads no list
// that has more: ours that are not boolean are shown by their names, and all of them together at a route of our own.

import { readText } from '../../http/body.ts';
import { changesOf, type Detail } from '../../http/entry-detail.ts';
import { type Answer, type AnyRow, row } from '../../http/route.ts';
import { badParameter, ServiceError } from '../../http/service-error.ts';
import { commitPlanned } from '../../store/sealed/records.ts';
import type { AllRelatedWrites } from '../part.ts';
import {
  describeValues,
  findSetting,
  type KnownSetting,
  normalValue,
  recordedValue,
  settingTable,
} from './setting-table.ts';
import { type Settings, settingKind } from './settings.ts';

const ACTION = 'Microsoft.KeyVault/managedHsm/settings';
const SINCE = '7.4-preview.1';
const all: readonly KnownSetting[] = settingTable;
const booleans = all.filter(({ type }) => type === 'boolean');

export interface SettingsService {
  readonly settings: Settings;
  readonly relatedWrites: Pick<AllRelatedWrites, 'setting'>;
}

export function settingRows({ settings, relatedWrites }: SettingsService): readonly AnyRow[] {
  const shape = ({ name, type }: KnownSetting): object => ({ name, type, value: settings.value(name) });
  /** Not of a value that the setting does not take: it may be anything. */
  const detailOf = (name: string | undefined, value: string): Detail => {
    const setting = findSetting(name ?? '');
    const after = setting === undefined ? undefined : normalValue(setting, value);
    if (setting === undefined || after === undefined) return { setting: setting?.name };
    const recorded = (text: string): Record<string, string> => ({ [setting.name]: recordedValue(setting, text) });
    return { setting: setting.name, changes: changesOf(recorded(settings.value(setting.name)), recorded(after)) };
  };
  const reading = {
    method: 'GET',
    operationName: 'SettingsGet',
    dataAction: `${ACTION}/read/action`,
    scope: 'root',
  } as const;
  const list = (shown: typeof all): Answer => ({
    status: 200,
    body: { settings: shown.map(shape) },
  });
  return [
    row({ ...reading, path: '/settings', since: SINCE, handle: () => list(booleans) }),
    row({ ...reading, path: '/strongroom/settings', handle: () => list(all) }),
    row({
      ...reading,
      path: '/settings/:setting',
      since: SINCE,
      handle: ({ params }) => ({ status: 200, body: shape(requireSetting(params['setting'])) }),
    }),
    row<{ readonly value: string }>({
      method: 'PATCH',
      path: '/settings/:setting',
      since: SINCE,
      operationName: 'SettingsUpdate',
      dataAction: `${ACTION}/write/action`,
      scope: 'root',
      readBody: (body) => ({ value: readText(body, 'value') }),
      asked: ({ params, body }) => detailOf(params['setting'], body.value),
      repeatable: true,
      async handle({ params, body, commit }) {
        const setting = requireSetting(params['setting']);
        const value = normalValue(setting, body.value);
        if (value === undefined) {
          throw badParameter(`The setting ${setting.name} must be ${describeValues(setting)}`);
        }
        const { detail, head } = await commitPlanned(commit, () => ({
          detail: detailOf(setting.name, value),
          changes: [settingKind.put(setting.name, value), ...relatedWrites.setting(setting.name, value)],
        }));
        const note = `The setting ${setting.name} is now '${recordedValue(setting, value)}'`;
        return { status: 200, body: shape(setting), head, note, detail };
      },
    }),
  ];
}

/** @throws ServiceError InvalidSetting, in the words of the service: a 404 makes a client in Go try again for minutes */
function requireSetting(name: string | undefined): KnownSetting {
  const setting = findSetting(name ?? '');
  if (setting !== undefined) return setting;
  throw new ServiceError(
    'InvalidSetting',
    'Invalid setting name. Please check the spelling of the setting name to update.',
  );
}
