// The results as text: a request by itself and what it cannot do without, whose time that was, and half load.
import { isDisturbed } from '../machine/disturbance.ts';
import { median } from '../median.ts';
import { count, table } from '../table.ts';
import {
  HALF_LOAD_P99_WANTED_MS,
  type LatencyResults,
  type LatencyRow,
  OVER_WANTED_MICROS,
  overMicros,
} from './results.ts';

export function latencyReport({ environment: on, rawMethod, seconds, connections, rows }: LatencyResults): string {
  const roles = [...new Set(rows.flatMap(({ cpuMicros }) => Object.keys(cpuMicros)))];
  return [
    `${on.cpu}, ${on.cores} cores, ${on.memoryMiB} MiB, ${on.system}`,
    `Node ${on.node}, commit ${on.commit}, ${on.time}`,
    `Cryptography: ${rawMethod}`,
    '',
    `One request at a time, over one connection, ${seconds} s each; µs (p50/p99, or p50). Over: median of the rounds; wanted: at most ${OVER_WANTED_MICROS}`,
    ...table(
      ['operation', 'requests', 'product', 'echo', 'durable write', 'cryptography', 'over', ''],
      rows.map(loneCells),
    ),
    '',
    'Processor time of a lone request, µs:',
    ...table(
      ['operation', ...roles],
      rows.map(({ title, cpuMicros }) => [title, ...roles.map((role) => cpuMicros[role]?.toFixed(0) ?? '–')]),
    ),
    '',
    `Half load: requests fall due evenly at half of the peak rate, over ${connections} connections; latency from when they were due.`,
    `Wanted: p99 at most ${HALF_LOAD_P99_WANTED_MS} ms`,
    ...table(['operation', 'peak/s', 'due/s', 'p50 ms', 'p99 ms', 'echo p99 ms', ''], rows.map(halfCells)),
    '',
  ].join('\n');
}

function loneCells({ title, requests, lone, echo, sync, rounds, disturbance }: LatencyRow): readonly string[] {
  const both = ({ p50, p99 }: LatencyRow['lone']): string => `${p50.toFixed(0)}/${p99.toFixed(0)}`;
  const over = overMicros(rounds);
  const crypto = median(rounds.map((round) => round.crypto));
  const remarks = [
    ...(over > OVER_WANTED_MICROS ? ['MORE THAN WANTED'] : []),
    ...(isDisturbed(disturbance.lone) ? ['disturbed'] : []),
  ];
  return [
    title,
    count(requests),
    both(lone),
    both(echo),
    both(sync),
    crypto.toFixed(0),
    over.toFixed(0),
    remarks.join(', '),
  ];
}

function halfCells({ title, peakPerSecond, half, disturbance, wrong, checked, errors }: LatencyRow): readonly string[] {
  const remarks = [
    ...(half.p99Ms > HALF_LOAD_P99_WANTED_MS ? ['MORE THAN WANTED'] : []),
    // More than fall due between two looks of the generator.
    ...(half.unsent > half.perSecond * (HALF_LOAD_P99_WANTED_MS / 1000) ? [`${half.unsent} due and never sent`] : []),
    ...(wrong > 0 ? [`${wrong} of ${checked} answers WRONG`] : []),
    ...Object.entries(errors).map(([what, times]) => `${times}× ${what}`),
    ...(isDisturbed(disturbance.half) ? ['disturbed'] : []),
  ];
  return [
    title,
    count(peakPerSecond),
    count(half.perSecond),
    half.p50Ms.toFixed(2),
    half.p99Ms.toFixed(2),
    half.echoP99Ms.toFixed(2),
    remarks.join(', '),
  ];
}
