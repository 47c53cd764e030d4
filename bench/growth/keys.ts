// Keys in the instance: what `npm run bench -- keys` measures, drawn.
import { runKeysBench } from '../keys/run.ts';
import type { Axis } from './axis.ts';

export const keysAxis: Axis = {
  name: 'keys',
  along: 'keys in the instance',
  scale: 'log',
  sizes: [100, 1000, 10_000, 100_000],
  least: 100,
  most: 240_000,
  remark:
    'One request at a time. More than 240,000 keys are not measured: an instance does not take more without a change of its settings.',
  panels: [
    {
      title: 'Processor time of an operation',
      unit: 'µs',
      scale: 'linear',
      lines: {
        create: 'create',
        update: 'update',
        'sign, key not opened': 'sign, not opened',
        'sign, key opened': 'sign, opened',
        get: 'get',
        'first page': 'first page',
      },
    },
    {
      title: 'Start until ready',
      unit: 's',
      scale: 'log',
      lines: { start: 'clock', startCpu: 'processor time' },
    },
    { title: 'Memory', unit: 'MiB', scale: 'log', lines: { all: 'all, PSS', store: 'store on disk' } },
  ],
  title: (times, first, last) =>
    `From ${first} to ${last} keys, a sign takes ${times('sign, key opened')} and a create ${times('create')} the processor time; ` +
    `a start takes ${times('start')}, the processes ${times('all')} the memory`,
  async measure(sizes, progress) {
    const results = await runKeysBench(sizes, progress);
    return results.sizes.map(
      ({ keys, operations, readyMs, readyCpuMicros, memoryLoaded, storeBytes, disturbance }) => ({
        size: keys,
        figures: {
          ...Object.fromEntries(operations.map(({ name, cpuMicros }) => [name, cpuMicros])),
          start: readyMs / 1000,
          startCpu: readyCpuMicros / 1e6,
          all: memoryLoaded.reduce((sum, { pssKiB, rssKiB }) => sum + (pssKiB ?? rssKiB), 0) / 1024,
          store: storeBytes / 2 ** 20,
        },
        disturbance,
      }),
    );
  },
};
