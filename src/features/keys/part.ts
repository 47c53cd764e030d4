import { isoTime } from '../../formats/iso-time.ts';
import type { Commit } from '../../store/sealed/records.ts';
import { type OwnAct, part } from '../part.ts';
import type { KeyMaking } from './add-version.ts';
import { type Retention, retentionOf } from './bundle.ts';
import { deletedKeyKind } from './deleted-key.ts';
import { KeyIndex } from './key-index.ts';
import { keyKind } from './key-version.ts';
import type { KeyLimits } from './limits.ts';
import { type KeyPurging, nextPurge, purgeDue } from './purge.ts';
import { keyRows } from './rows.ts';

interface Needs {
  readonly instancePolicy: { readonly current: { readonly retentionDays: number; readonly purgeProtection: boolean } };
  readonly settings: {
    number(name: 'StrongroomMaxKeys' | 'StrongroomMaxVersionsPerKey' | 'StrongroomMaxTagsPerKey'): number;
  };
}

interface Service extends KeyMaking, KeyPurging {
  readonly commit: Commit;
  readonly record: (act: OwnAct) => Promise<void>;
}

export const keys = part({
  kinds: [keyKind, deletedKeyKind],
  keep({ instancePolicy, settings }: Needs) {
    const promised = (): Retention =>
      retentionOf(instancePolicy.current.retentionDays, instancePolicy.current.purgeProtection);
    return {
      keys: new KeyIndex(),
      // Both are as the records are now, whenever they are read.
      retention: {
        get recoverableDays() {
          return promised().recoverableDays;
        },
        get recoveryLevel() {
          return promised().recoveryLevel;
        },
        get purgeProtection() {
          return promised().purgeProtection;
        },
      } satisfies Retention,
      limits: {
        get keys() {
          return settings.number('StrongroomMaxKeys');
        },
        get versionsPerKey() {
          return settings.number('StrongroomMaxVersionsPerKey');
        },
        get tagsPerKey() {
          return settings.number('StrongroomMaxTagsPerKey');
        },
      } satisfies KeyLimits,
    };
  },
  serve: (service: Service) => ({
    rows: keyRows(service),
    jobs: [
      {
        name: 'purge of deleted keys',
        nextDue: () => nextPurge(service.keys),
        run: () =>
          purgeDue({
            ...service,
            purged: (name, scheduled, head) =>
              service.record({
                operationName: 'KeyPurge',
                detail: { scheduledPurgeDate: isoTime(scheduled) },
                description: `The retention ended; the purge was scheduled for ${isoTime(scheduled)}.`,
                key: `/keys/${name}`,
                head,
              }),
          }),
      },
    ],
  }),
});
