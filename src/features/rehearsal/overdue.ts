// What was told of overdue rehearsals: a sealed record, by depth the time that was due. One that is
// rehearsed, and then overdue again, is told of again.
import { isoTime } from '../../formats/iso-time.ts';
import { REHEARSAL_DEPTHS, type RehearsalDepth } from '../../formats/rehearsal-record.ts';
import { text } from '../../formats/shape.ts';
import { type Follow, feeding, follow } from '../../store/sealed/follow-records.ts';
import { recordKind, type ValueOf } from '../../store/sealed/record-kind.ts';
import type { Apply, Change } from '../../store/sealed/records.ts';
import { dueAt, type RehearsalSchedule } from './posture.ts';

type ToldTimes = ValueOf<typeof toldOverdueKind>;

export const toldOverdueKind = recordKind({
  of: 'rehearsal-told',
  about: 'By depth, the time of the overdue rehearsal that the receiver of events was told of',
  travels: 'stays',
  members: {},
  optional: { reachability: text, full: text },
});

export class DeliveredOverdue {
  #times: ToldTimes = {};

  readonly follows: readonly Follow[] = [
    follow(toldOverdueKind, (_, times = {}) => {
      this.#times = times;
    }),
  ];
  readonly apply: Apply = feeding(this.follows);

  get times(): ToldTimes {
    return this.#times;
  }
}

export interface OverdueRehearsal {
  readonly depth: RehearsalDepth;
  /** Unix seconds. */
  readonly due: number;
}

/** Those that are to be told of once they are due, the soonest first. */
export function overdueToTell(schedule: RehearsalSchedule, told: DeliveredOverdue): readonly OverdueRehearsal[] {
  return REHEARSAL_DEPTHS.flatMap((depth) => {
    const due = dueAt(schedule, depth);
    return due === undefined || told.times[depth] === isoTime(due) ? [] : [{ depth, due }];
  }).sort((a, b) => a.due - b.due);
}

export function deliveredOverdueChange({ depth, due }: OverdueRehearsal, told: DeliveredOverdue): Change {
  return toldOverdueKind.put('', { ...told.times, [depth]: isoTime(due) });
}
