// The settings of an instance in memory, fed by sealed records. A setting without a record has its
// default, which may depend on the profile that was promised.
import { ShapeError } from '../../formats/shape.ts';
import { type Follow, follow } from '../../store/sealed/follow-records.ts';
import { type RecordKind, textKind } from '../../store/sealed/record-kind.ts';
import type { StoredPolicy } from './instance-policy.ts';
import { findSetting, normalValue, type Setting, type SettingName, settingTable } from './setting-table.ts';

export const settingKind: RecordKind<string> = textKind(
  {
    of: 'setting/',
    about: 'A setting that an administrator has given a value: the value as text',
    travels: 'text',
    // An address that another instance would be told of our keys at; it goes together with `events-since`.
    staying: ['StrongroomEventWebhook'],
  },
  (text, name) => {
    const setting = findSetting(name);
    // One of a later release means nothing here, and is kept for it.
    if (setting !== undefined && normalValue(setting, text) !== text) {
      throw new ShapeError(`the setting ${setting.name} does not take its value`);
    }
  },
);

export class Settings {
  readonly #values = new Map<SettingName, string>();
  readonly #profile: () => StoredPolicy['profile'];

  constructor(profile: () => StoredPolicy['profile']) {
    this.#profile = profile;
  }

  readonly follows: readonly Follow[] = [
    follow(settingKind, (name, text) => {
      const setting = findSetting(name);
      if (setting === undefined) return;
      if (text === undefined) this.#values.delete(setting.name);
      else this.#values.set(setting.name, text);
    }),
  ];

  value(name: SettingName): string {
    const own = this.#values.get(name);
    if (own !== undefined) return own;
    const known: Setting | undefined = settingTable.find((setting) => setting.name === name);
    if (known === undefined) return '';
    return typeof known.default === 'string' ? known.default : known.default[this.#profile()];
  }

  isOn(name: SettingName): boolean {
    return this.value(name) === 'true';
  }

  number(name: SettingName): number {
    return Number(this.value(name));
  }
}
