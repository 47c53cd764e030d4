// Open connections, with a load that stays the same.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createKeys } from '../bench-keys.ts';
import { startLoadGenerator } from '../load/generator.ts';
import { watchDisturbance } from '../machine/disturbance.ts';
import { memoryOf } from '../machine/processes.ts';
import { connectHsm } from '../product/hsm.ts';
import { startProduct } from '../product/product.ts';
import type { Axis, GrowthPoint } from './axis.ts';
import { costOf, type Loaded } from './loaded.ts';

const IN_FLIGHT = 64;
const MOST = 5000;

export const connectionsAxis: Axis = {
  name: 'connections',
  along: 'open connections',
  scale: 'log',
  sizes: [1, 10, 64, 250, 1000, 2000, MOST],
  least: 1,
  most: MOST,
  remark: `At most ${IN_FLIGHT} requests at a time, in turn over all connections; all from one address, whose limit was raised for it.`,
  panels: [
    {
      title: 'Processor time of A256GCM encrypt',
      unit: 'µs',
      scale: 'log',
      lines: { all: 'all', service: 'service', recorder: 'recorder', module: 'module' },
    },
    { title: 'Memory of the service worker', unit: 'MiB PSS', scale: 'linear', lines: { memory: 'service' } },
  ],
  title: (times, first, last) =>
    `From ${first} to ${last} connections, an A256GCM encrypt takes ${times('all')} the processor time, the service worker ${times('memory')} the memory`,
  async measure(sizes, progress) {
    const folder = mkdtempSync(join(tmpdir(), 'strongroom-bench-connections-'));
    try {
      const config = join(folder, 'config.json');
      writeFileSync(config, JSON.stringify({ limits: { connectionsPerAddress: 2 * MOST } }));
      progress('start');
      await using product = await startProduct(folder, 'only', [], ['--config', config]);
      const hsm = await connectHsm(product);
      await using generator = startLoadGenerator();
      const loaded = { hsm, keys: await createKeys(hsm), processes: product.ready.processes, generator };
      const points: GrowthPoint[] = [];
      for (const size of sizes) {
        progress(String(size));
        points.push(await measureSize(loaded, size));
      }
      return points;
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

function serviceOf({ processes }: Loaded): number {
  return processes.find(({ role }) => role.startsWith('service'))?.pid ?? 0;
}

async function measureSize(loaded: Loaded, size: number): Promise<GrowthPoint> {
  const service = serviceOf(loaded);
  let memory = Number.NaN;
  let watch = watchDisturbance();
  const load = { connections: size, inFlight: IN_FLIGHT, warmUpMs: 3000, measureMs: 5000 };
  const cost = await costOf('a256gcm', loaded, load, () => {
    const found = memoryOf(service);
    memory = (found?.pssKiB ?? found?.rssKiB ?? Number.NaN) / 1024;
    watch = watchDisturbance();
  });
  return { size, figures: { ...cost, memory }, disturbance: watch.end() };
}
