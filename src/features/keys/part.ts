import { isoTime } from '../../formats/iso-time.ts';
import type { Commit } from '../../store/sealed/records.ts';
import { type OwnAct, part } from '../part.ts';
import type { KeyMaking } from './add-version.ts';
import type { Retention } from './bundle.ts';
import { type KeyDeleting, purgeDue } from './delete.ts';
import { deletedKeyKind } from './deleted-key.ts';
import { keyCensus } from './key-census.ts';
import { KeyIndex } from './key-index.ts';
import { keyKind } from './key-version.ts';
import type { KeyLimits } from './limits.ts';
import { keyRows } from './rows.ts';

interface Needs {
  readonly instancePolicy: { readonly current: { readonly retentionDays: number; readonly purgeProtection: boolean } };
  readonly settings: {
    number(name: 'StrongroomMaxKeys' | 'StrongroomMaxVersionsPerKey' | 'StrongroomMaxTagsPerKey'): number;
  };
}

interface Service extends KeyMaking, KeyDeleting {
  readonly commit: Commit;
  readonly record: (act: OwnAct) => Promise<void>;
}

export const keys = part({
  kinds: [keyKind, deletedKeyKind],
  // Retention and limits are as the records are now, whenever they are read.
  keep: ({ instancePolicy, settings }: Needs) => ({
    keys: new KeyIndex(),
    retention: {
      get recoverableDays() {
        return instancePolicy.current.retentionDays;
      },
      get recoveryLevel() {
        const base = this.recoverableDays === 90 ? 'Recoverable' : 'CustomizedRecoverable';
        return this.purgeProtection ? base : `${base}+Purgeable`;
      },
      get purgeProtection() {
        return instancePolicy.current.purgeProtection;
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
  }),
  serve: (service: Service) => ({
    rows: keyRows(service),
    gauges: keyCensus(service.keys, service.now, () => performance.now() / 1000),
    jobs: [
      {
        name: 'purge of deleted keys',
        nextDue: () => service.keys.nextPurge()?.time,
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
