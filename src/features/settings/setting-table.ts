// Every setting of an instance: its type, default and the values it takes. The first is the service's own; those that
// begin with Strongroom are ours.

/** What it is while nobody has set it; some are stricter in production. */
type Default = string | { readonly dev: string; readonly production: string };

export type Setting = { readonly name: string; readonly default: Default } & (
  | { readonly type: 'boolean' }
  | { readonly type: 'integer'; readonly least: number; readonly most: number }
  /** An address, or nothing. */
  | { readonly type: 'url' }
  | { readonly type: 'choice'; readonly values: readonly string[] }
);

export const settingTable = [
  { name: 'AllowKeyManagementOperationsThroughARM', type: 'boolean', default: 'false' },
  { name: 'StrongroomVaultAlias', type: 'boolean', default: 'false' },
  { name: 'StrongroomRestoreNeedsBackup', type: 'boolean', default: { dev: 'false', production: 'true' } },
  { name: 'StrongroomMaxKeys', type: 'integer', default: '250000', least: 1, most: 1_000_000 },
  { name: 'StrongroomMaxVersionsPerKey', type: 'integer', default: '1000', least: 1, most: 5000 },
  { name: 'StrongroomMaxTagsPerKey', type: 'integer', default: '50', least: 0, most: 50 },
  { name: 'StrongroomApprovalHours', type: 'integer', default: '24', least: 1, most: 168 },
  { name: 'StrongroomEventWebhook', type: 'url', default: '' },
  { name: 'StrongroomRehearsalReachabilityDays', type: 'integer', default: '92', least: 0, most: 3650 },
  { name: 'StrongroomRehearsalFullDays', type: 'integer', default: '366', least: 0, most: 3650 },
  { name: 'StrongroomRetirementGuard', type: 'choice', default: 'off', values: ['off', 'warn', 'enforce'] },
  { name: 'StrongroomRetirementGuardDays', type: 'integer', default: '30', least: 1, most: 3650 },
] as const satisfies readonly Setting[];

const LONGEST_URL = 2048;

export type SettingName = (typeof settingTable)[number]['name'];

export type KnownSetting = Setting & { readonly name: SettingName };

const byFoldedName: ReadonlyMap<string, KnownSetting> = new Map(
  settingTable.map((setting) => [setting.name.toLowerCase(), setting]),
);

/** Names compare without regard to case. */
export function findSetting(name: string): KnownSetting | undefined {
  return byFoldedName.get(name.toLowerCase());
}

/** The value as it is kept, or undefined when the setting does not take it. Values are strings on the wire, always. */
export function normalValue(setting: Setting, value: string): string | undefined {
  switch (setting.type) {
    case 'boolean': {
      const folded = value.toLowerCase();
      return folded === 'true' || folded === 'false' ? folded : undefined;
    }
    case 'integer': {
      const number = Number(value);
      return /^\d{1,9}$/.test(value) && number >= setting.least && number <= setting.most ? String(number) : undefined;
    }
    case 'choice': {
      const folded = value.toLowerCase();
      return setting.values.includes(folded) ? folded : undefined;
    }
    case 'url': {
      if (value === '') return value;
      const url = value.length <= LONGEST_URL && URL.canParse(value) ? new URL(value) : undefined;
      // Which addresses are allowed is for the feature that uses them.
      const isWeb = url !== undefined && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '';
      return isWeb && url.hash === '' && url.href.length <= LONGEST_URL ? url.href : undefined;
    }
  }
}

/** What a setting takes, for messages. */
export function describeValues(setting: Setting): string {
  switch (setting.type) {
    case 'boolean':
      return "'true' or 'false'";
    case 'integer':
      return `a whole number from ${setting.least} to ${setting.most}`;
    case 'choice':
      return setting.values.map((each) => `'${each}'`).join(' or ');
    case 'url':
      return 'empty, or an http(s) address without user name and fragment';
  }
}

/** The value as the log may have it: what follows the origin of an address may be a secret. */
export function recordedValue(setting: Setting, value: string): string {
  return setting.type === 'url' && value !== '' ? `${new URL(value).origin}/…` : value;
}
