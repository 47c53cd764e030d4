// The results as text: each write with each number of keys, what it is compared with, and where the processor time went.
import { isDisturbed } from '../machine/disturbance.ts';
import { median } from '../median.ts';
import { count, table } from '../table.ts';
import type { Speed, WriteRound, WriteRow, WritesResults } from './results.ts';

export function writesReport(results: WritesResults): string {
  const { environment: on, rows, beside, sizes } = results;
  const roles = [...new Set(rows.flatMap(({ rounds }) => rounds.flatMap(({ cpuMicros }) => Object.keys(cpuMicros))))];
  const lines = rows.flatMap((row) =>
    sizes.map((keys) => ({ row, keys, rounds: row.rounds.filter((round) => round.keys === keys) })),
  );
  return [
    `${on.cpu}, ${on.cores} cores, ${on.memoryMiB} MiB, ${on.system}`,
    `Node ${on.node}, ${on.systemOpenssl}, commit ${on.commit}, ${on.time}`,
    `Raw: ${results.rawMethod}; fdatasync: of one page, in the folder of the data`,
    `Load: ${results.connections} connections, ${results.seconds} s each, generator on the same cores; median of the rounds`,
    ...results.audit.map((audit) =>
      audit === undefined
        ? 'No audit log to count'
        : `${count(audit.entries)} audit entries for ${count(audit.answers)} answers`,
    ),
    '',
    ...table(
      ['write', 'keys', 'ops/s', 'p50 ms', 'p99 ms', 'of', 'share', 'wanted', ''],
      lines.map(({ row, keys, rounds }) => [
        row.title,
        count(keys),
        count(middle(rounds, ({ opsPerSecond }) => opsPerSecond)),
        middle(rounds, ({ p50Ms }) => p50Ms).toFixed(2),
        middle(rounds, ({ p99Ms }) => p99Ms).toFixed(2),
        ...comparison(row, rounds),
        remarks(rounds),
      ]),
    ),
    '',
    'Processor time per operation, µs:',
    ...table(
      ['write', 'keys', ...roles, 'product', 'most/fewest'],
      lines.map(({ row, keys, rounds }) => [
        row.title,
        count(keys),
        ...roles.map((role) => middle(rounds, ({ cpuMicros }) => cpuMicros[role] ?? 0).toFixed(1)),
        middle(rounds, productMicros).toFixed(1),
        keys === sizes.at(-1) && sizes.length > 1 ? growth(row, sizes).toFixed(3) : '–',
      ]),
    ),
    '',
    ...(beside === undefined
      ? []
      : [
          ...table(
            ['beside each other', 'ops/s', 'p50 ms', 'p99 ms'],
            [
              speedCells('A256GCM alone', beside.alone),
              speedCells('A256GCM while RSA keys are made', beside.beside),
              speedCells('RSA-2048 key created, 4 connections', beside.rsa),
            ],
          ),
          '',
        ]),
  ].join('\n');
}

export function isWrong({ rows, beside, audit }: WritesResults): boolean {
  const rounds = rows.flatMap((row) => row.rounds);
  return (
    rounds.some(({ wrong, missing, errors }) => wrong + missing > 0 || Object.keys(errors).length > 0) ||
    (beside?.wrong ?? 0) + Object.keys(beside?.errors ?? {}).length > 0 ||
    audit.some((found) => found === undefined || found.entries < found.answers)
  );
}

function comparison({ against }: WriteRow, rounds: readonly WriteRound[]): readonly string[] {
  if ('perSecond' in against) return ['–', '–', `${count(against.perSecond)}/s`];
  const share = middle(rounds, ({ opsPerSecond, best = Number.NaN }) => opsPerSecond / best);
  return [
    `${count(middle(rounds, ({ best = Number.NaN }) => best))} ${against.what}`,
    share.toFixed(2),
    against.share.toFixed(2),
  ];
}

function remarks(rounds: readonly WriteRound[]): string {
  const found: string[] = [];
  for (const { wrong, checked, missing, errors } of rounds) {
    if (wrong > 0) found.push(`${wrong} of ${checked} answers WRONG`);
    if (missing > 0) found.push(`${missing} changes MISSING`);
    for (const [what, times] of Object.entries(errors)) found.push(`${times}× ${what}`);
  }
  const disturbed = rounds.filter(({ disturbance }) => isDisturbed(disturbance)).length;
  if (disturbed > 0) found.push(`${disturbed} of ${rounds.length} disturbed`);
  return found.join(', ');
}

/** Of each pair of rounds, taken one right after the other; the median of all. */
function growth({ rounds }: WriteRow, sizes: readonly number[]): number {
  const of = (keys: number | undefined): number[] => rounds.filter((round) => round.keys === keys).map(productMicros);
  const fewest = of(sizes[0]);
  return median(of(sizes.at(-1)).map((most, index) => most / (fewest[index] ?? Number.NaN)));
}

function productMicros({ cpuMicros }: WriteRound): number {
  return Object.entries(cpuMicros).reduce((sum, [role, micros]) => sum + (role === 'generator' ? 0 : micros), 0);
}

function speedCells(title: string, { opsPerSecond, p50Ms, p99Ms }: Speed): readonly string[] {
  return [title, count(opsPerSecond), p50Ms.toFixed(2), p99Ms.toFixed(2)];
}

function middle(rounds: readonly WriteRound[], of: (round: WriteRound) => number): number {
  return median(rounds.map(of));
}
