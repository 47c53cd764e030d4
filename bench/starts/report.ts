// Times of starts and commands, and memory at rest, as text.
import { isDisturbed } from '../machine/disturbance.ts';
import { median } from '../median.ts';
import type { ProcessMemory } from '../results.ts';
import { mib, ms, table } from '../table.ts';
import type { CheckoutResults, StartsResults, Taken } from './run.ts';

export function startsReport({ environment: on, checkouts, disturbance }: StartsResults): string {
  const others = disturbance.foreign + disturbance.stolen;
  return [
    `${on.cpu}, ${on.cores} cores, ${on.memoryMiB} MiB, ${on.system}, Node ${on.node}, commit ${on.commit}, ${on.time}`,
    ...(isDisturbed(disturbance) ? [`Disturbed: others had ${(others * 100).toFixed(0)} % of the cores`] : []),
    '',
    ...checkouts.flatMap((each) => [...ofCheckout(each), '']),
  ].join('\n');
}

function ofCheckout({ checkout, times, development, production }: CheckoutResults): string[] {
  return [
    checkout,
    ...table(
      ['', 'median', 'least', 'most', 'processor time'],
      Object.entries(times).map(([what, all]) => [what, ...cells(all)]),
    ),
    '',
    ...memory('At rest, development, MiB', development),
    '',
    ...memory('At rest, production with one instance, MiB', production),
  ];
}

function cells(all: readonly Taken[]): string[] {
  const wall = all.map((each) => each.ms);
  return [median(wall), Math.min(...wall), Math.max(...wall), median(all.map((each) => each.cpuMs))].map(ms);
}

function memory(title: string, processes: readonly ProcessMemory[]): string[] {
  const all = { role: 'all', pssKiB: sum(processes, 'pssKiB'), rssKiB: sum(processes, 'rssKiB') };
  const rows = [...processes, all].map(({ role, pssKiB = Number.NaN, rssKiB }) => [role, mib(pssKiB), mib(rssKiB)]);
  return table([title, 'PSS', 'RSS'], rows);
}

/** NaN where the kernel keeps one of them from us. */
function sum(processes: readonly ProcessMemory[], of: 'pssKiB' | 'rssKiB'): number {
  return processes.reduce((before, each) => before + (each[of] ?? Number.NaN), 0);
}
