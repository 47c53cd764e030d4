// Both tables as text, and whether they show what is promised.
import { isDisturbed } from '../machine/disturbance.ts';
import { count, mib, ms, table } from '../table.ts';
import { type FairnessRow, MOST_TIMES } from './fairness.ts';
import type { OverloadRow } from './run.ts';

/** Of the peak that is still served. */
export const LEAST_GOODPUT = 0.8;

export function overloadReport(rows: readonly OverloadRow[]): string {
  const head = ['', 'refusals', 'peak/s', 'goodput/s', 'of peak', 'refused/s', 'p50', 'p99', 'worst', 'MiB'];
  const lines = rows.map((row) => [
    row.name,
    row.heeding ? 'heeded' : 'ignored',
    count(row.peak),
    count(row.goodput),
    percent(row.goodput / row.peak),
    count(row.refusedPerSecond),
    ms(row.p50Ms),
    ms(row.p99Ms),
    ms(row.worstMs),
    mib(row.workerKiB),
  ]);
  const asked = rows.flatMap((row) =>
    row.health.map((each) => [
      `${row.name}, ${row.heeding ? 'heeded' : 'ignored'}, ${each.path}`,
      String(each.asked),
      String(each.failed),
      ms(each.p50Ms),
      ms(each.worstMs),
    ]),
  );
  return [
    ...table(head, lines),
    '',
    ...table(['health meanwhile', 'asked', 'failed', 'p50', 'worst'], asked),
    ...rows.flatMap((row) =>
      told(`${row.name}, refusals ${row.heeding ? 'heeded' : 'ignored'}`, [
        `${row.connected} connections open`,
        ...(row.refusedPerSecond === 0 ? ['nothing was refused, so this was no overload: use more connections'] : []),
        ...overloadFaults(row),
        ...disturbed(row),
      ]),
    ),
    '',
  ].join('\n');
}

/** What is wrong of a row; the bound is not judged where others had the cores. */
export function overloadFaults(row: OverloadRow): readonly string[] {
  const { goodput, peak, health, died, errors, heeding } = row;
  return [
    ...lost(errors),
    ...died.map((role) => `${role} died`),
    ...health.flatMap(({ path, failed }) => (failed === 0 ? [] : [`${failed} questions for ${path} failed`])),
    ...(heeding && goodput < LEAST_GOODPUT * peak && !isDisturbed(row.disturbance)
      ? [`BOUND NOT REACHED: ${percent(goodput / peak)} of the peak, of at least ${percent(LEAST_GOODPUT)}`]
      : []),
  ];
}

export function fairnessReport(rows: readonly FairnessRow[]): string {
  const head = ['quiet', 'beside 64 connections of', 'alone p50', 'p99', 'beside p50', 'p99', 'times', 'blast/s'];
  const lines = rows.map((row) => [
    row.quiet,
    row.blasting,
    ms(row.aloneP50Ms),
    ms(row.aloneP99Ms),
    ms(row.besideP50Ms),
    ms(row.besideP99Ms),
    (row.besideP99Ms / row.aloneP99Ms).toFixed(1),
    count(row.blastPerSecond),
  ]);
  return [
    ...table(head, lines),
    ...rows.flatMap((row) => told(`${row.quiet} beside ${row.blasting}`, [...fairnessFaults(row), ...disturbed(row)])),
    '',
  ].join('\n');
}

/** As above. */
export function fairnessFaults({ aloneP99Ms, besideP99Ms, errors, disturbance }: FairnessRow): readonly string[] {
  const times = besideP99Ms / aloneP99Ms;
  return [
    ...lost(errors),
    ...(times > MOST_TIMES && !isDisturbed(disturbance)
      ? [`BOUND NOT REACHED: p99 is ${times.toFixed(1)} times what it is alone, of at most ${MOST_TIMES}`]
      : []),
  ];
}

const percent = (share: number): string => `${(share * 100).toFixed(0)} %`;

function lost(errors: Readonly<Record<string, number>>): string[] {
  return Object.entries(errors).map(([what, times]) => `${what} ${times} times`);
}

function disturbed({ disturbance }: Pick<OverloadRow, 'disturbance'>): string[] {
  const { foreign, stolen } = disturbance;
  return isDisturbed(disturbance)
    ? [`disturbed, its bound is not judged: others had ${percent(foreign + stolen)} of the cores`]
    : [];
}

function told(name: string, what: readonly string[]): string[] {
  return what.length === 0 ? [] : [`${name}: ${what.join('; ')}`];
}
