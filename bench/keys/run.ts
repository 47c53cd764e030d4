// A whole run: for each number of keys, fill the stopped instance up to it, start the product, look at it, stop it.
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { places } from '../../src/deployment/data-layout.ts';
import { createKeys } from '../bench-keys.ts';
import { watchDisturbance } from '../machine/disturbance.ts';
import { environment } from '../machine/environment.ts';
import { memoryOfAll } from '../machine/process-memory.ts';
import { cpuOfAll } from '../machine/times-by-role.ts';
import { connectHsm } from '../product/hsm.ts';
import { INSTANCE, startProduct } from '../product/product.ts';
import { fillStore } from './fill.ts';
import { versionCount } from './filled-keys.ts';
import { measureKeys } from './measure.ts';
import type { KeysResults, SizeResults } from './results.ts';
import { openTimedClient } from './timed-client.ts';

/** @param sizes ascending */
export async function runKeysBench(sizes: readonly number[], progress: (text: string) => void): Promise<KeysResults> {
  const folder = mkdtempSync(join(tmpdir(), 'strongroom-bench-keys-'));
  const data = join(folder, 'data');
  try {
    progress('first start');
    {
      await using product = await startProduct(folder, 'first');
      // Answered once the instance is active.
      await createKeys(await connectHsm(product));
    }
    const results: SizeResults[] = [];
    let filled = 0;
    for (const keys of sizes) {
      progress(`${keys} keys: filling`);
      const begin = performance.now();
      await fillStore(data, INSTANCE, filled, keys);
      filled = keys;
      const fillMs = performance.now() - begin;
      const storeBytes = statSync(join(places(data).instance(INSTANCE).store, 'store.db')).size;
      progress(`${keys} keys: measuring`);
      results.push({ keys, versions: versionCount(keys), fillMs, storeBytes, ...(await measureSize(folder, keys)) });
    }
    return { environment: environment(), sizes: results };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

type Measured = Omit<SizeResults, 'keys' | 'versions' | 'fillMs' | 'storeBytes'>;

async function measureSize(folder: string, keys: number): Promise<Measured> {
  const watch = watchDisturbance();
  await using product = await startProduct(folder, `keys-${keys}`);
  const { readyMs, ready } = product;
  const readyCpuMicros = cpuOfAll(ready.processes);
  const memoryStarted = memoryOfAll(ready.processes);
  const { endpoint, token } = await connectHsm(product);
  using client = openTimedClient(endpoint, token);
  const measured = await measureKeys(client, keys, () => cpuOfAll(ready.processes));
  const memoryLoaded = memoryOfAll(ready.processes);
  return { readyMs, readyCpuMicros, memoryStarted, ...measured, memoryLoaded, disturbance: watch.end() };
}
