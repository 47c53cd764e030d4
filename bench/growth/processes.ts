// Service workers, and partitions of the module. The product derives both from the number of cores, so it is told another one.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createKeys } from '../bench-keys.ts';
import { startLoadGenerator } from '../load/generator.ts';
import { watchDisturbance } from '../machine/disturbance.ts';
import { memoryOfAll } from '../machine/process-memory.ts';
import { cpuOfAll } from '../machine/times-by-role.ts';
import { connectHsm } from '../product/hsm.ts';
import { startProduct } from '../product/product.ts';
import type { Axis, GrowthPoint } from './axis.ts';
import { costOf } from './loaded.ts';

/** Each worker compiles for itself what runs often: with four, that takes a while. */
const LOAD = { connections: 64, warmUpMs: 5000, measureMs: 5000 };

const panels: Axis['panels'] = [
  {
    title: 'Processor time of A256GCM encrypt',
    unit: 'µs',
    scale: 'linear',
    lines: { all: 'all', service: 'service', recorder: 'recorder', module: 'module' },
  },
  {
    title: 'Processor time of RS256 sign',
    unit: 'µs',
    scale: 'linear',
    lines: { 'rs256 all': 'all', 'rs256 module': 'module' },
  },
  { title: 'Start until ready', unit: 's', scale: 'linear', lines: { start: 'clock', startCpu: 'processor time' } },
  { title: 'Memory after load', unit: 'MiB PSS', scale: 'linear', lines: { memory: 'all processes' } },
];

export const workersAxis: Axis = {
  name: 'workers',
  along: 'service workers',
  scale: 'linear',
  sizes: [1, 2, 3, 4],
  least: 1,
  most: 16,
  remark:
    'Simulated: the supervisor is told that there are two cores for each worker, so each has two partitions of the module; they all share ' +
    'the cores that there are. 64 connections.',
  panels,
  title: (times, first, last) =>
    `From ${first} to ${last} service workers, an A256GCM encrypt takes ${times('all')} the processor time, ` +
    `the processes ${times('memory')} the memory`,
  measure: (sizes, progress) =>
    measureAll(sizes, (size) => ({ cores: 2 * size, workers: size, partitions: 2 * size }), progress),
};

export const partitionsAxis: Axis = {
  name: 'partitions',
  along: 'module partitions of one service worker',
  scale: 'linear',
  sizes: [1, 2, 3],
  least: 1,
  most: 3,
  remark:
    'Simulated: the supervisor is told that there are so many cores; they all share the cores that there are. With four it would start a ' +
    'second worker with two partitions of its own, so there is no fourth. 64 connections.',
  panels,
  title: (times, first, last) =>
    `From ${first} to ${last} module partitions, an A256GCM encrypt takes ${times('all')} the processor time, ` +
    `an RS256 sign ${times('rs256 all')}`,
  measure: (sizes, progress) => measureAll(sizes, (size) => ({ cores: size, workers: 1, partitions: size }), progress),
};

interface Sizes {
  readonly cores: number;
  readonly workers: number;
  readonly partitions: number;
}

async function measureAll(
  sizes: readonly number[],
  of: (size: number) => Sizes,
  progress: (text: string) => void,
): Promise<readonly GrowthPoint[]> {
  const folder = mkdtempSync(join(tmpdir(), 'strongroom-bench-processes-'));
  try {
    progress('first start');
    await (await startProduct(folder, 'first'))[Symbol.asyncDispose]();
    const points: GrowthPoint[] = [];
    for (const size of sizes) {
      progress(String(size));
      points.push({ size, ...(await measureSizes(folder, of(size))) });
    }
    return points;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measureSizes(folder: string, { cores, workers, partitions }: Sizes): Promise<Omit<GrowthPoint, 'size'>> {
  const inside = pathToFileURL(join(import.meta.dirname, 'cores.ts'));
  inside.searchParams.set('cores', String(cores));
  const watch = watchDisturbance();
  await using product = await startProduct(folder, `cores-${cores}`, [`--import=${inside.href}`]);
  const { processes } = product.ready;
  const startCpu = cpuOfAll(processes) / 1e6;
  const running = (role: string): number => processes.filter((each) => each.role.startsWith(role)).length;
  if (running('service.') !== workers || running('module.') !== partitions) {
    throw new Error(
      `${running('service.')} workers and ${running('module.')} partitions run, not ${workers} and ${partitions}`,
    );
  }
  const hsm = await connectHsm(product);
  const keys = await createKeys(hsm);
  await using generator = startLoadGenerator();
  const loaded = { hsm, keys, processes, generator };
  const gcm = await costOf('a256gcm', loaded, LOAD);
  const rs256 = await costOf('rs256', loaded, LOAD);
  const memory = memoryOfAll(processes).reduce((sum, { pssKiB, rssKiB }) => sum + (pssKiB ?? rssKiB), 0) / 1024;
  const renamed = Object.fromEntries(Object.entries(rs256).map(([role, micros]) => [`rs256 ${role}`, micros]));
  return { figures: { ...gcm, ...renamed, start: product.readyMs / 1000, startCpu, memory }, disturbance: watch.end() };
}
