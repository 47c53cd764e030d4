import { part } from '../part.ts';
import { Promises, promisesKind } from './promises.ts';
import { type SettingsService, settingRows } from './rows.ts';
import { Settings, settingKind } from './settings.ts';

export const settings = part({
  kinds: [promisesKind, settingKind],
  keep() {
    const promises = new Promises();
    return { promises, settings: new Settings(() => promises.current.profile) };
  },
  serve: (service: SettingsService) => ({ rows: settingRows(service) }),
});
