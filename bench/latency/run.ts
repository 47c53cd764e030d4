// A whole run of `npm run bench -- latency`: one start of the product, and each operation on it.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createKeys } from '../bench-keys.ts';
import { startLoadGenerator } from '../load/generator.ts';
import { environment } from '../machine/environment.ts';
import { operations } from '../operations.ts';
import { connectHsm } from '../product/hsm.ts';
import { startProduct } from '../product/product.ts';
import { seeProtections } from '../protections.ts';
import { rawLimit } from '../raw-limit.ts';
import type { LatencyOptions } from './arguments.ts';
import { measureLatency } from './measure.ts';
import type { LatencyResults, LatencyRow } from './results.ts';

const CONNECTIONS = 64;

export async function runLatencyBench(
  { names, seconds }: LatencyOptions,
  progress: (text: string) => void,
): Promise<LatencyResults> {
  const folder = mkdtempSync(join(tmpdir(), 'strongroom-bench-latency-'));
  try {
    const raw = await rawLimit(folder);
    progress('start');
    await using product = await startProduct(folder, 'only');
    const hsm = await connectHsm(product);
    const keys = await createKeys(hsm);
    await seeProtections(hsm);
    await using generator = startLoadGenerator();
    const { processes } = product.ready;
    const setting = { hsm, keys, processes, generator, raw, seconds, connections: CONNECTIONS, folder };
    const rows: LatencyRow[] = [];
    for (const operation of operations.filter(({ name }) => names.includes(name))) {
      progress(operation.title);
      rows.push(await measureLatency(operation, setting));
    }
    return { environment: environment(), rawMethod: raw.method, seconds, connections: CONNECTIONS, rows };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
