import { CryptoError } from '../../crypto/protocol/messages.ts';
import { isoTime } from '../../formats/iso-time.ts';
import { ServiceError } from '../../http/service-error.ts';
import { type Retention } from '../keys/bundle.ts';
import { keyDetail } from '../keys/entry-details.ts';
import type { KeyIndex } from '../keys/key-index.ts';
import { keyId } from '../keys/key-version.ts';
import { type OwnAct, part } from '../part.ts';
import { policyChange, policyKind, RotationPolicies } from './policy.ts';
import { type RotateDue, rotationJob } from './rotate-due.ts';
import { rotationRows } from './rows.ts';
import { RotationSchedule } from './schedule.ts';

interface Service extends Omit<RotateDue, 'record' | 'schedule'> {
  readonly rotations: RotationSchedule;
  readonly retention: Retention;
  readonly record: (act: OwnAct) => Promise<void>;
  readonly report: (what: string, error: unknown) => void;
}

export const rotation = part({
  kinds: [policyKind],
  keep({ keys }: { readonly keys: KeyIndex }) {
    const policies = new RotationPolicies();
    return { policies, rotations: new RotationSchedule(keys, policies) };
  },
  relatedWrites: () => ({ purge: (name) => [policyChange(name, undefined)] }),
  serve: (service: Service) => ({ rows: rotationRows(service), jobs: [rotationJob(recorded(service))] }),
});

function recorded({ record, report, rotations: schedule, ...service }: Service): RotateDue {
  const operationName = 'KeyRotateIfDue';
  return {
    ...service,
    schedule,
    record: {
      rotated: ({ due, from, key, head }) =>
        record({
          operationName,
          description: `The rotation policy says so since ${isoTime(due)}; the version before is ${from.version}.`,
          detail: { ...keyDetail(key), previousVersion: from.version },
          key: keyId('', key),
          head,
        }),
      failed: async ({ due, key, error, retryAt }) => {
        const isOurs = error instanceof ServiceError || error instanceof CryptoError;
        if (!isOurs) report(`rotation of ${key.name}`, error);
        await record({
          operationName,
          description: `Due since ${isoTime(due)}: ${isOurs ? error.message : 'it failed'}. Next attempt ${isoTime(retryAt)}.`,
          key: keyId('', key),
          failure: isOurs ? error.code : 'InternalServerError',
        });
      },
    },
  };
}
