// The settings of an instance in memory, fed by the sealed records `setting/{name}`. A setting without a record has its
// default.
import { StoreError } from '../../store/port.ts';
import type { Change } from '../../store/sealed/records.ts';
import { findSetting, normalValue, type SettingName, settingTable } from './setting-table.ts';

const PREFIX = 'setting/';

export class Settings {
  readonly #values = new Map<SettingName, string>();

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
    return settingTable.find((setting) => setting.name === name)?.default ?? '';
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
