// Has the receiver of events told of rehearsals that are overdue: once for each time that one falls due. What was told is a sealed
// record, by depth the time that was due: one that is rehearsed, and then overdue again, is told of again.
import type { NamedEvent } from '../../formats/cloud-event.ts';
import { isoTime } from '../../formats/iso-time.ts';
import { ownCommand } from '../../formats/own-command.ts';
import { REHEARSAL_DEPTHS, type RehearsalDepth } from '../../formats/rehearsal-record.ts';
import { text } from '../../formats/shape.ts';
import { type Follow, follow } from '../../store/sealed/follow-records.ts';
import { recordKind, type ValueOf } from '../../store/sealed/record-kind.ts';
import { NO_ENTRY, type Records } from '../../store/sealed/records.ts';
import type { DueJob } from '../clock/due-work.ts';
import { named } from '../events/cloud-event.ts';
import type { Telling } from '../events/telling.ts';
import { dueAt, postureOf, type RehearsalSchedule, rehearseWords } from './posture.ts';

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

  get times(): ToldTimes {
    return this.#times;
  }
}

export interface OverdueNotification {
  readonly telling: Telling;
  readonly schedule: RehearsalSchedule;
  readonly told: DeliveredOverdue;
  readonly records: Pick<Records, 'update'>;
  /** Unix seconds of the instance's clock. */
  readonly now: () => number;
  readonly stopping: AbortSignal;
}

export function overdueJob(service: OverdueNotification): DueJob {
  const { schedule, told, records, telling, now, stopping } = service;
  return {
    name: 'rehearsals',
    nextDue: () => (telling.isOn() ? overdueToTell(schedule, told)[0]?.due : undefined),
    async run() {
      for (const overdue of overdueToTell(schedule, told).filter(({ due }) => due <= now())) {
        if (stopping.aborted || !telling.isOn()) return;
        await telling.tell(overdueEvent(overdue, service));
        await records.update(
          () => [toldOverdueKind.put('', { ...told.times, [overdue.depth]: isoTime(overdue.due) })],
          NO_ENTRY,
        );
      }
    },
  };
}

function overdueEvent({ depth, due }: OverdueRehearsal, { telling, schedule, now }: OverdueNotification): NamedEvent {
  const time = isoTime(due);
  const posture = postureOf(schedule, now()).find((each) => each.depth === depth);
  const { name } = telling.source;
  return named(telling.source, [depth, time], {
    type: 'Strongroom.RehearsalOverdue',
    subject: depth,
    time,
    data: {
      HsmName: name,
      Depth: depth,
      Due: time,
      LastPassed: posture?.lastPassed ?? null,
      EveryDays: posture?.everyDays,
      Next: ownCommand(`${rehearseWords(depth)} --hsm-name ${name}`),
    },
  });
}

interface OverdueRehearsal {
  readonly depth: RehearsalDepth;
  /** Unix seconds. */
  readonly due: number;
}

/** Those that are to be told of once they are due, the soonest first. */
function overdueToTell(schedule: RehearsalSchedule, told: DeliveredOverdue): readonly OverdueRehearsal[] {
  return REHEARSAL_DEPTHS.flatMap((depth) => {
    const due = dueAt(schedule, depth);
    return due === undefined || told.times[depth] === isoTime(due) ? [] : [{ depth, due }];
  }).sort((a, b) => a.due - b.due);
}
