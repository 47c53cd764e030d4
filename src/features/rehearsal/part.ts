import { REHEARSAL_DEPTHS } from '../../formats/rehearsal-record.ts';
import type { Records } from '../../store/sealed/records.ts';
import type { CustodianRegister } from '../custodians/register.ts';
import type { Telling } from '../events/telling.ts';
import { part } from '../part.ts';
import { DeliveredOverdue, overdueJob, toldOverdueKind } from './overdue-job.ts';
import { dueAt, type RehearsalSchedule } from './posture.ts';
import { Rehearsals, rehearsalKind } from './rehearsals.ts';
import { type RehearsalService, rehearsalRows } from './rows.ts';

interface Needs {
  readonly settings: { number(name: 'StrongroomRehearsalFullDays' | 'StrongroomRehearsalReachabilityDays'): number };
  readonly register: CustodianRegister;
}

interface Service extends Pick<RehearsalService, 'rehearsals' | 'register' | 'crypto' | 'now'> {
  readonly config: { readonly name: string; readonly throwAway?: true };
  readonly rehearsalSchedule: RehearsalSchedule;
  readonly toldOverdue: DeliveredOverdue;
  readonly telling: Telling;
  readonly records: Pick<Records, 'update'>;
  readonly stopping: AbortSignal;
  readonly clock: { readonly offset: number };
}

export const rehearsal = part({
  kinds: [rehearsalKind, toldOverdueKind],
  keep({ settings, register }: Needs) {
    const rehearsals = new Rehearsals();
    const rehearsalSchedule: RehearsalSchedule = {
      rehearsals,
      days: (depth) =>
        settings.number(depth === 'full' ? 'StrongroomRehearsalFullDays' : 'StrongroomRehearsalReachabilityDays'),
      sharedAt: () => register.split?.at,
    };
    return { rehearsals, rehearsalSchedule, toldOverdue: new DeliveredOverdue() };
  },
  serve({ config, rehearsalSchedule: schedule, toldOverdue: told, telling, clock, ...service }: Service) {
    return {
      rows: rehearsalRows({ ...service, schedule, instance: config.name, isThrownAway: config.throwAway === true }),
      // In real time, which is that of whoever looks at it.
      gauges: () =>
        REHEARSAL_DEPTHS.flatMap((depth) => {
          const due = dueAt(schedule, depth);
          if (due === undefined) return [];
          return [
            {
              name: 'strongroom_rehearsal_due_timestamp_seconds' as const,
              labels: { depth },
              value: due - clock.offset,
            },
          ];
        }),
      tells: [overdueJob({ ...service, telling, schedule, told })],
    };
  },
});
