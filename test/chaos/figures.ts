// What a run tells of itself, as tables that a page can take.
import { type FaultControl, ROLES } from './fault-control.ts';
import type { History, Trouble } from './history.ts';
import { isExcused } from './judge.ts';
import { kindNames } from './kinds.ts';

export interface RunTold {
  readonly seed: number;
  readonly history: History;
  readonly control: FaultControl;
  /** Milliseconds. */
  readonly took: number;
  readonly findings: readonly string[] | undefined;
}

export function figures({ seed, history, control, took, findings }: RunTold): string[] {
  const { troubles, failures, told, outage } = history;
  const excused = failures.filter((failure) => isExcused(failure, troubles)).length;
  const kinds = [...kindNames, ...new Set(troubles.map(({ kind }) => kind))].filter(
    (kind, at, all) => all.indexOf(kind) === at,
  );
  return [
    '',
    '| fault | made | met by a process | longest until each worker was seen to serve, ms |',
    '| --- | --: | --: | --: |',
    ...kinds.flatMap((kind) => ofKind(kind, troubles)),
    '',
    '| answer | count |',
    '| --- | --: |',
    ...[...told].sort(([a], [b]) => a.localeCompare(b)).map(([status, count]) => `| ${status} | ${count} |`),
    '',
    `seed ${seed}: ${troubles.length} faults in ${(took / 1000).toFixed(0)} s; calls that failed inside: ${ROLES.map((role) => `${role} ${control.bites(role)}`).join(', ')}`,
    `${history.changes} changes and ${history.operations} operations acknowledged, ${history.refusals} refused; ` +
      `${history.unanswered} on keys and rights that change got no answer, and count as perhaps done; of what may be repeated ` +
      `${failures.length} failed, ${excused} excused by a fault of that moment and ${failures.length - excused} not; the slowest answer took ${history.slowest.toFixed(0)} ms; ` +
      `for ${outage.milliseconds.toFixed(0)} ms at most, until ${(outage.end / 1e9).toFixed(1)} s, no client was served; ` +
      `${history.answered.size} answers looked for in the log, ${history.objects.length} histories`,
    ...(findings === undefined ? ['not judged'] : []),
  ];
}

function ofKind(kind: string, troubles: readonly Trouble[]): string[] {
  const of = troubles.filter((trouble) => trouble.kind === kind);
  if (of.length === 0) return [];
  const settled = of.flatMap(({ excuses, mended, end }) =>
    excuses.size > 0 && mended !== undefined && end !== undefined ? end - mended : [],
  );
  const longest = settled.length === 0 ? '' : (settled.reduce((most, each) => Math.max(most, each)) / 1e6).toFixed(0);
  return [`| ${kind} | ${of.length} | ${of.filter(({ met }) => met).length} | ${longest} |`];
}

/** Faults that nothing met show nothing. */
export function unmet(troubles: readonly Trouble[]): string[] {
  return kindNames.flatMap((kind) => {
    const of = troubles.filter((trouble) => trouble.kind === kind);
    return of.length >= LEAST && !of.some(({ met }) => met)
      ? [`no process met any of ${of.length} faults: ${kind}`]
      : [];
  });
}

/** Of so few none need to be met: processes that do nothing in that moment notice nothing. */
const LEAST = 5;
