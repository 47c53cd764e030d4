// What was told of overdue rehearsals: the sealed record `rehearsal-told`, by depth the time that was due. One that is
// rehearsed, and then overdue again, is told of again.
import { REHEARSAL_DEPTHS, type RehearsalDepth } from '../../formats/rehearsal-record.ts';
import { record, text } from '../../formats/shape.ts';
import { StoreError } from '../../store/port.ts';
import type { Change } from '../../store/sealed/records.ts';
import { dueAt, type RehearsalSchedule } from './posture.ts';

type ToldTimes = Readonly<Partial<Record<RehearsalDepth, string>>>;

const TOLD_RECORD = 'rehearsal-told';

export class ToldOverdue {
  #times: ToldTimes = {};

  /** Records of other features are left alone. */
  apply({ name, value }: Change): void {
    if (name === TOLD_RECORD) this.#times = value === null ? {} : decode(value);
  }

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
export function overdueToTell(schedule: RehearsalSchedule, told: ToldOverdue): readonly OverdueRehearsal[] {
  return REHEARSAL_DEPTHS.flatMap((depth) => {
    const due = dueAt(schedule, depth);
    return due === undefined || told.times[depth] === markOf(due) ? [] : [{ depth, due }];
  }).sort((a, b) => a.due - b.due);
}

export function toldOverdueChange({ depth, due }: OverdueRehearsal, told: ToldOverdue): Change {
  return { name: TOLD_RECORD, value: Buffer.from(JSON.stringify({ ...told.times, [depth]: markOf(due) }), 'utf8') };
}

function markOf(due: number): string {
  return new Date(Math.round(due * 1000)).toISOString();
}

const shape = record({}, { reachability: text, full: text });

function decode(value: Uint8Array): ToldTimes {
  try {
    return shape(JSON.parse(Buffer.from(value).toString('utf8')), TOLD_RECORD);
  } catch (cause) {
    throw new StoreError('Damaged', 'the record of told rehearsals does not read', { cause });
  }
}
