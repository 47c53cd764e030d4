// The settings of an instance in memory, fed by the sealed records `setting/{name}`. A setting without a record has its
// default, which may depend on the profile that was promised.
import { StoreError } from '../../store/port.ts';
import type { Change } from '../../store/sealed/records.ts';
import type { Promised } from './promises.ts';
import { findSetting, normalValue, type Setting, type SettingName, settingTable } from './setting-table.ts';

const PREFIX = 'setting/';

export class Settings {
  readonly #values = new Map<SettingName, string>();
  readonly #profile: () => Promised['profile'];

  constructor(profile: () => Promised['profile']) {
    this.#profile = profile;
  }

  /** Takes a change of a setting's record; leaves others alone. */
  apply({ name: recordName, value }: Change): void {
    if (!recordName.startsWith(PREFIX)) return;
    const setting = findSetting(recordName.slice(PREFIX.length));
    // A setting of a later release: it means nothing here, and is kept for it.
    if (setting === undefined) return;
    if (value === null) {
      this.#values.delete(setting.name);
      return;
    }
    const text = Buffer.from(value).toString('utf8');
    if (normalValue(setting, text) !== text) {
      throw new StoreError('Damaged', `the record of the setting ${setting.name} holds a value that it does not take`);
    }
    this.#values.set(setting.name, text);
  }

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

export function settingChange(name: SettingName, value: string): Change {
  return { name: PREFIX + name, value: Buffer.from(value, 'utf8') };
}
