// Both tables as text, and whether they show what is promised.
import { count, mib, ms, table } from '../table.ts';
import { type FairnessRow, MOST_TIMES } from './fairness.ts';
import type { OverloadRow } from './run.ts';

/** Of the peak that is still served. */
export const LEAST_GOODPUT = 0.8;

export function overloadReport(rows: readonly OverloadRow[]): string {
  const head = [
    '',
    'refusals',
    'peak/s',
    'goodput/s',
    'of peak',
    'refused/s',
    'p50',
    'p99',
    'worst',
    'health worst',
    'MiB',
  ];
  const lines = rows.map((row) => [
    row.name,
    row.heeding ? 'heeded' : 'ignored',
    count(row.peak),
    count(row.goodput),
    `${((row.goodput / row.peak) * 100).toFixed(0)} %`,
    count(row.refusedPerSecond),
    ms(row.p50Ms),
    ms(row.p99Ms),
    ms(row.worstMs),
    `${ms(row.health.worstMs)} (${row.health.failed} of ${row.health.asked} failed)`,
    mib(row.workerKiB),
  ]);
  return [
    ...table(head, lines),
    ...rows.flatMap(({ name, errors, died, connected }) => toldOf(name, errors, died, connected)),
    '',
  ].join('\n');
}

export function isServedWell({ goodput, peak, health, died, errors, heeding }: OverloadRow): boolean {
  const enough = goodput >= LEAST_GOODPUT * peak || !heeding;
  return enough && health.failed === 0 && died.length === 0 && Object.keys(errors).length === 0;
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
  return [...table(head, lines), ...rows.flatMap(({ quiet, errors }) => toldOf(quiet, errors, [], undefined)), ''].join(
    '\n',
  );
}

export function isFair({ aloneP99Ms, besideP99Ms, errors }: FairnessRow): boolean {
  return besideP99Ms <= MOST_TIMES * aloneP99Ms && Object.keys(errors).length === 0;
}

function toldOf(
  name: string,
  errors: Readonly<Record<string, number>>,
  died: readonly string[],
  connected: number | undefined,
): string[] {
  const told = Object.entries(errors).map(([what, times]) => `${what} ${times} times`);
  const open = connected === undefined ? [] : [`${connected} connections open`];
  const ended = died.length === 0 ? [] : [`died: ${died.join(', ')}`];
  return [`${name}: ${[...open, ...told, ...ended].join('; ')}`].filter((line) => !line.endsWith(': '));
}
