import { part } from '../part.ts';
import { InstancePolicy, instancePolicyKind } from './instance-policy.ts';
import { type SettingsService, settingRows } from './rows.ts';
import { Settings, settingKind } from './settings.ts';

export const settings = part({
  kinds: [instancePolicyKind, settingKind],
  keep() {
    const instancePolicy = new InstancePolicy();
    return { instancePolicy, settings: new Settings(() => instancePolicy.current.profile) };
  },
  serve: (service: SettingsService) => ({ rows: settingRows(service) }),
});
