// The results as text for a terminal: what machine, what was in force, the table, where the processor time went.
import { isDisturbed } from './machine/disturbance.ts';
import { isRatioDisturbed, type ProcessMemory, type Results, type Row } from './results.ts';
import { count, mib, ms, table } from './table.ts';

export function report(results: Results): string {
  const { environment: on, startUp } = results;
  return [
    `${on.cpu}, ${on.cores} cores, ${on.memoryMiB} MiB, ${on.system}`,
    `Node ${on.node} (OpenSSL ${on.nodeOpenssl}), ${on.systemOpenssl}, commit ${on.commit}, ${on.time}`,
    `C: ${results.rawMethod}`,
    `Load: ${results.connections} connections, ${results.seconds} s each in turn with echo and raw limit, generator on the same cores`,
    `In force: ${[...results.protections, auditSentence(results.audit)].join(' · ')}`,
    '',
    ...table(
      ['operation', 'ops/s', 'p50 ms', 'p99 ms', 'C', 'E', 'bursting E', 'B', 'ops/B', 'rounds', 'target', 'floor', ''],
      results.rows.map(rowCells),
    ),
    '',
    'Processor time per operation, µs:',
    ...table(
      ['operation', ...roles(results.rows), 'echo server', 'bursting echo'],
      results.rows.map((row) => cpuCells(row, roles(results.rows))),
    ),
    '',
    `Start-up: ready in ${ms(startUp.coldReadyMs)} (first start), ${ms(startUp.warmReadyMs)} (second)`,
    `First wrapKey of a second start: ${ms(startUp.warmFirstWrapMs)} after the command, ${ms(startUp.firstWrapMs)} by itself`,
    '',
    'Memory, MiB (PSS/RSS):',
    ...table(['process', 'idle', 'after load'], memoryCells(results.memoryIdle, results.memoryLoaded)),
    '',
  ].join('\n');
}

function auditSentence(audit: Results['audit']): string {
  if (audit === undefined) return 'no audit log to count';
  const { entries, answers } = audit;
  return `${entries < answers ? 'TOO FEW: ' : ''}${count(entries)} audit entries for ${count(answers)} answers`;
}

function rowCells(row: Row): readonly string[] {
  return [
    row.title,
    count(row.opsPerSecond),
    row.p50Ms.toFixed(2),
    row.p99Ms.toFixed(2),
    row.c === undefined ? '–' : count(row.c),
    count(row.e),
    count(row.burstingE),
    count(row.b),
    !isRatioDisturbed(row) ? row.ratio.toFixed(2) : `(${row.ratio.toFixed(2)})`,
    `${Math.min(...row.ratios).toFixed(2)}–${Math.max(...row.ratios).toFixed(2)}`,
    row.target.toFixed(2),
    row.floor?.toFixed(2) ?? '–',
    remarks(row),
  ];
}

function remarks(row: Row): string {
  const found: string[] = [];
  if (row.floor !== undefined && row.ratio < row.floor) found.push('BELOW FLOOR');
  if (row.wrong > 0) found.push(`${row.wrong} of ${row.checked} answers WRONG`);
  for (const [what, times] of Object.entries(row.errors)) found.push(`${times}× ${what}`);
  return [...found, ...disturbedPhases(row)].join(', ');
}

function disturbedPhases(row: Row): readonly string[] {
  return Object.entries(row.disturbance)
    .filter(([, seen]) => isDisturbed(seen))
    .map(([phase, seen]) => `${phase} disturbed (${((seen.foreign + seen.stolen) * 100).toFixed(0)} %)`);
}

function roles(rows: readonly Row[]): readonly string[] {
  return [...new Set(rows.flatMap((row) => Object.keys(row.cpuMicros)))];
}

function cpuCells(row: Row, columns: readonly string[]): readonly string[] {
  const echoes = [row.echoMicros.plain, row.echoMicros.bursting];
  return [
    row.title,
    ...[...columns.map((role) => row.cpuMicros[role]), ...echoes].map((one) => one?.toFixed(1) ?? '–'),
  ];
}

function memoryCells(idle: readonly ProcessMemory[], loaded: readonly ProcessMemory[]): readonly string[][] {
  const cells = (found: ProcessMemory | undefined): string =>
    found === undefined ? '–' : `${found.pssKiB === undefined ? '?' : mib(found.pssKiB)}/${mib(found.rssKiB)}`;
  return idle.map((process) => [process.role, cells(process), cells(loaded.find(({ pid }) => pid === process.pid))]);
}
