// Tells the configured webhook of rehearsals that are overdue: once for each time that one falls due. What was told is a sealed
// record, by depth the time that was due: one that is rehearsed, and then overdue again, is told of again.
import type { CloudEvent } from '../../formats/cloud-event.ts';
import { isoTime } from '../../formats/iso-time.ts';
import { ownCommand } from '../../formats/own-command.ts';
import { REHEARSAL_DEPTHS, type RehearsalDepth } from '../../formats/rehearsal-record.ts';
import { text } from '../../formats/shape.ts';
import { Backoff } from '../../http/backoff.ts';
import { type Follow, follow } from '../../store/sealed/follow-records.ts';
import { recordKind, type ValueOf } from '../../store/sealed/record-kind.ts';
import type { Head, Records } from '../../store/sealed/records.ts';
import type { DueJob } from '../clock/due-work.ts';
import { envelope } from '../events/cloud-event.ts';
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

const TYPE = 'Strongroom.RehearsalOverdue';

export interface OverdueNotification extends Telling {
  readonly schedule: RehearsalSchedule;
  readonly told: DeliveredOverdue;
  readonly records: Pick<Records, 'update'>;
  /** Unix seconds of the instance's clock. */
  readonly now: () => number;
  readonly record: (what: string, more: { readonly head?: Head; readonly failure?: string }) => Promise<void>;
  readonly stopping: AbortSignal;
}

export function overdueJob(service: OverdueNotification): DueJob {
  const { schedule, told, records, targets, address, now, stopping } = service;
  const patience = new Backoff();
  let pausedUntil = 0;
  return {
    name: 'rehearsals',
    nextDue() {
      const [next] = overdueToTell(schedule, told);
      if (next === undefined || targets.find(address()) === undefined) return undefined;
      return Math.max(next.due, pausedUntil);
    },
    async run() {
      for (const overdue of overdueToTell(schedule, told).filter(({ due }) => due <= now())) {
        const to = targets.find(address());
        if (to === undefined || stopping.aborted) return;
        const { id, text } = overdueEvent(overdue, service);
        const { outcome, detail } = await service.deliver(to, text, stopping);
        const what = `${TYPE} ${id}: ${to.url.origin} ${detail}.`;
        if (outcome === 'failed' && !patience.isExhausted(now())) {
          pausedUntil = now() + patience.failed(now());
          if (!stopping.aborted) await service.record(what, { failure: 'NotDelivered' });
          return;
        }
        patience.succeeded();
        const head = await records.update(() => [
          toldOverdueKind.put('', { ...told.times, [overdue.depth]: isoTime(overdue.due) }),
        ]);
        if (outcome === 'taken') await service.record(what, { head });
        else await service.record(`${what} It is given up.`, { head, failure: 'GivenUp' });
      }
    },
  };
}

function overdueEvent({ depth, due }: OverdueRehearsal, { source, schedule, now }: OverdueNotification): CloudEvent {
  const time = isoTime(due);
  const posture = postureOf(schedule, now()).find((each) => each.depth === depth);
  return envelope(source, [depth, time], {
    type: TYPE,
    subject: depth,
    time,
    data: {
      HsmName: source.name,
      Depth: depth,
      Due: time,
      LastPassed: posture?.lastPassed ?? null,
      EveryDays: posture?.everyDays,
      Next: ownCommand(`${rehearseWords(depth)} --hsm-name ${source.name}`),
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
