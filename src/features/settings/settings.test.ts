import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StoreError } from '../../store/port.ts';
import { feeding } from '../../store/sealed/follow-records.ts';
import { findSetting, normalValue, settingTable } from './setting-table.ts';
import { Settings, settingKind } from './settings.ts';

test('a setting has its default until a record says otherwise, and again when that is gone', () => {
  const settings = new Settings(() => 'dev');
  assert.equal(settings.isOn('StrongroomVaultAlias'), false);
  feeding(settings.follows)(settingKind.put('StrongroomVaultAlias', 'true'));
  assert.equal(settings.isOn('StrongroomVaultAlias'), true);
  feeding(settings.follows)({ name: 'setting/StrongroomVaultAlias', value: null });
  assert.equal(settings.isOn('StrongroomVaultAlias'), false);
  assert.equal(settings.number('StrongroomMaxVersionsPerKey'), 1000);
});

test('a default may be stricter in production, and what was set holds in both', () => {
  let profile: 'dev' | 'production' = 'dev';
  const settings = new Settings(() => profile);
  assert.equal(settings.isOn('StrongroomRestoreNeedsBackup'), false);
  profile = 'production';
  assert.equal(settings.isOn('StrongroomRestoreNeedsBackup'), true);
  feeding(settings.follows)(settingKind.put('StrongroomRestoreNeedsBackup', 'false'));
  assert.equal(settings.isOn('StrongroomRestoreNeedsBackup'), false);
});

test('every default is a value that its setting takes, and names are found in any case', () => {
  for (const setting of settingTable) {
    for (const value of typeof setting.default === 'string' ? [setting.default] : Object.values(setting.default)) {
      assert.equal(normalValue(setting, value), value);
    }
    assert.equal(findSetting(setting.name.toUpperCase())?.name, setting.name);
  }
});

test('a value of another type or outside of its range is not taken', () => {
  const keys = settingTable.find(({ name }) => name === 'StrongroomMaxKeys');
  const alias = settingTable.find(({ name }) => name === 'StrongroomVaultAlias');
  assert.ok(keys !== undefined && alias !== undefined);
  for (const value of ['', '0', '-1', '1.5', '1e3', ' 5', '1000001', 'true']) {
    assert.equal(normalValue(keys, value), undefined, value);
  }
  assert.equal(normalValue(keys, '007'), '7');
  assert.equal(normalValue(alias, 'TRUE'), 'true');
  for (const value of ['', '1', 'yes']) assert.equal(normalValue(alias, value), undefined, value);
});

test('a record that holds no value of its setting stops the start; a setting of a later release is left alone', () => {
  const settings = new Settings(() => 'dev');
  assert.throws(
    () => feeding(settings.follows)({ name: 'setting/StrongroomMaxKeys', value: Buffer.from('many') }),
    StoreError,
  );
  feeding(settings.follows)({ name: 'setting/FromTheFuture', value: Buffer.from('42') });
});
