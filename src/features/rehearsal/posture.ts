// When each depth is due again. The days are settings; a depth that was never rehearsed is counted from the day on which the
// shares were given out.
import { isoTime } from '../../formats/iso-time.ts';
import { REHEARSAL_DEPTHS, type RehearsalDepth } from '../../formats/rehearsal-record.ts';
import type { Rehearsals } from './rehearsals.ts';

export interface RehearsalSchedule {
  readonly rehearsals: Rehearsals;
  /** Days between two rehearsals; 0: never due. */
  readonly days: (depth: RehearsalDepth) => number;
  /** ISO time at which the shares were last given out; undefined: they were not. */
  readonly sharedAt: () => string | undefined;
}

export interface DepthPosture {
  readonly depth: RehearsalDepth;
  readonly everyDays: number;
  /** ISO time of the last one that passed. */
  readonly lastPassed?: string;
  /** ISO time of the last one that failed, while none has passed after it. */
  readonly lastFailed?: string;
  readonly due?: string;
  readonly overdue: boolean;
  /** For people. What they run depends on where they are: `rehearseWords`. */
  readonly summary: string;
}

/** The command of a depth, without where its instance is; files stand as what they are. */
export function rehearseWords(depth: RehearsalDepth): string {
  return `rehearse --depth ${depth} ${depth === 'full' ? '--domain FILE --samples FILE --packets DIR' : '--out challenge.json'}`;
}

const DAY = 86_400;

/** Unix seconds; undefined: never. */
export function dueAt({ rehearsals, days, sharedAt }: RehearsalSchedule, depth: RehearsalDepth): number | undefined {
  const since = rehearsals.last(depth, 'passed')?.finishedAt ?? sharedAt();
  if (since === undefined || days(depth) === 0) return undefined;
  return Date.parse(since) / 1000 + days(depth) * DAY;
}

/** @param now Unix seconds */
export function postureOf(schedule: RehearsalSchedule, now: number): readonly DepthPosture[] {
  return REHEARSAL_DEPTHS.map((depth) => {
    const everyDays = schedule.days(depth);
    const lastPassed = schedule.rehearsals.last(depth, 'passed')?.finishedAt;
    const due = dueAt(schedule, depth);
    const overdue = due !== undefined && due <= now;
    const lastFailed = failedSince(schedule.rehearsals, depth, lastPassed);
    const passed = lastPassed === undefined ? 'never passed' : `passed ${lastPassed.slice(0, 10)}`;
    const last = lastFailed === undefined ? passed : `${passed}, FAILED ${lastFailed.slice(0, 10)}`;
    return {
      depth,
      everyDays,
      ...(lastPassed === undefined ? {} : { lastPassed }),
      ...(lastFailed === undefined ? {} : { lastFailed }),
      ...(due === undefined ? {} : { due: isoTime(due) }),
      overdue,
      summary:
        due === undefined
          ? `${last}, not scheduled`
          : overdue
            ? `${last}, OVERDUE since ${isoTime(due).slice(0, 10)}`
            : `${last}, due ${isoTime(due).slice(0, 10)}`,
    };
  });
}

function failedSince(rehearsals: Rehearsals, depth: RehearsalDepth, passed: string | undefined): string | undefined {
  const failed = rehearsals.last(depth, 'failed')?.finishedAt;
  return failed !== undefined && (passed === undefined || Date.parse(failed) > Date.parse(passed)) ? failed : undefined;
}
