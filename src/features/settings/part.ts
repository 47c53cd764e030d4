import { part } from '../part.ts';
import { InstancePolicy, promisesKind } from './instance-policy.ts';
import { type SettingsService, settingRows } from './rows.ts';
import { Settings, settingKind } from './settings.ts';

export const settings = part({
  kinds: [promisesKind, settingKind],
  keep() {
    const promises = new InstancePolicy();
    return { promises, settings: new Settings(() => promises.current.profile) };
  },
  serve: (service: SettingsService) => ({ rows: settingRows(service) }),
});
