// The results as text: one column for each number of keys, and how much each figure grew from the fewest to the most.
import { isDisturbed } from '../machine/disturbance.ts';
import type { ProcessMemory } from '../results.ts';
import { count, mib, ms, table } from '../table.ts';
import { GROWTH_ALLOWED, growing, growthOf, isJudged, type KeysResults, type SizeResults } from './results.ts';

export function keysReport({ environment: on, sizes }: KeysResults): string {
  const most = sizes.at(-1);
  const operation = (name: string): string[] => [
    name,
    ...sizes.map(({ operations }) => {
      const found = operations.find((one) => one.name === name);
      return found === undefined
        ? '–'
        : `${found.p50Ms.toFixed(2)}/${found.p99Ms.toFixed(2)}/${found.cpuMicros.toFixed(0)}`;
    }),
    times(growthOf(name, sizes)),
  ];
  const figure = (title: string, of: (size: SizeResults) => number, print: (value: number) => string): string[] => [
    title,
    ...sizes.map((size) => print(of(size))),
    sizes.length < 2 || most === undefined ? '–' : times(of(most) / of(sizes[0] ?? most)),
  ];
  return [
    `${on.cpu}, ${on.cores} cores, ${on.memoryMiB} MiB, ${on.system}`,
    `Node ${on.node}, commit ${on.commit}, ${on.time}`,
    'Operations: p50 ms/p99 ms/processor time of the product in µs, of 300 requests, one at a time, to keys spread over all;',
    'their growth is that of processor time, from the fewest keys to the most',
    ...sizes.filter(({ disturbance }) => isDisturbed(disturbance)).map(disturbedSentence),
    '',
    ...table(
      ['keys', ...sizes.map(({ keys }) => count(keys)), 'growth'],
      [
        figure('versions', ({ versions }) => versions, count),
        ...(sizes[0]?.operations ?? []).map(({ name }) => operation(name)),
        figure('full listing', ({ fullListing }) => fullListing.ms, ms),
        figure('full listing, per page', ({ fullListing }) => fullListing.ms / fullListing.pages, ms),
        figure('start to ready', ({ readyMs }) => readyMs, ms),
        figure('start to ready, processor time', ({ readyCpuMicros }) => readyCpuMicros / 1000, ms),
        figure('service worker, started, MiB RSS', (size) => largest(size.memoryStarted, 'service'), mib),
        figure('service worker, after load', (size) => largest(size.memoryLoaded, 'service'), mib),
        figure('module partition, started', (size) => largest(size.memoryStarted, 'module'), mib),
        figure('module partition, after load', (size) => largest(size.memoryLoaded, 'module'), mib),
        figure('all processes, after load, MiB PSS', (size) => pssOf(size.memoryLoaded), mib),
        figure('store.db, MiB', ({ storeBytes }) => storeBytes / 1024, mib),
        figure('filling, ms per version made', fillPerVersion(sizes), (value) => value.toFixed(2)),
      ],
    ),
    '',
    verdict(sizes),
    '',
  ].join('\n');
}

function verdict(sizes: readonly SizeResults[]): string {
  const grows = growing(sizes);
  if (grows.length === 0) return `No operation takes ${GROWTH_ALLOWED} times the processor time with the most keys.`;
  return `${isJudged(sizes) ? 'GROWS' : 'To be looked at without other load: more'} with the number of keys: ${grows.join(', ')}`;
}

function disturbedSentence({ keys, disturbance: { foreign, stolen } }: SizeResults): string {
  return `Disturbed: others took ${((foreign + stolen) * 100).toFixed(0)} % of the cores at ${count(keys)} keys`;
}

function times(ratio: number | undefined): string {
  return ratio === undefined ? '–' : `${ratio.toFixed(2)}×`;
}

/** RSS of the largest process of a role, in KiB: what one needs. */
function largest(memory: readonly ProcessMemory[], role: string): number {
  return Math.max(...memory.filter((one) => one.role.startsWith(role)).map(({ rssKiB }) => rssKiB));
}

/** Where the kernel keeps PSS to itself, RSS stands for it. */
function pssOf(memory: readonly ProcessMemory[]): number {
  return memory.reduce((sum, { pssKiB, rssKiB }) => sum + (pssKiB ?? rssKiB), 0);
}

function fillPerVersion(sizes: readonly SizeResults[]): (size: SizeResults) => number {
  return (size) => size.fillMs / (size.versions - (sizes[sizes.indexOf(size) - 1]?.versions ?? 0));
}
