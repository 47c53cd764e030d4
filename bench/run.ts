// A whole run: start the product twice (first and second start), look at it, measure every operation asked for, stop it.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BenchOptions } from './arguments.ts';
import { createKeys, type Keys } from './bench-keys.ts';
import { startLoadGenerator } from './load/generator.ts';
import { watchDisturbance } from './machine/disturbance.ts';
import { environment } from './machine/environment.ts';
import { memoryOfAll } from './machine/process-memory.ts';
import { measureOperation } from './measure-operation.ts';
import { operations } from './operations.ts';
import { API_VERSION, connectHsm, type Hsm } from './product/hsm.ts';
import type { Product } from './product/product.ts';
import { profilingFlags } from './profile/profile.ts';
import { auditLogSize, seeAuditGrowth, seeProtections } from './protections.ts';
import { rawLimit } from './raw-limit.ts';
import type { Results, Row } from './results.ts';

/** @param start starts the product; what it needs between two starts lies in `folder` */
export async function runBench(
  options: BenchOptions,
  start: (folder: string, label: string, nodeFlags?: readonly string[]) => Promise<Product>,
  progress: (text: string) => void,
): Promise<Results> {
  const load = loadavg()[0] ?? 0;
  const folder = mkdtempSync(join(tmpdir(), 'strongroom-bench-'));
  try {
    const raw = await rawLimit(folder);
    const startWatch = watchDisturbance();
    progress('first start');
    const cold = await firstStart(start, folder);
    progress('second start');
    await using product = await start(folder, 'second', options.profile === undefined ? [] : profilingFlags(folder));
    const startDisturbance = startWatch.end();
    const hsm = await connectHsm(product);
    const beforeWrap = performance.now();
    await wrapOnce(hsm, cold.keys);
    const wrapped = performance.now();
    const protections = await seeProtections(hsm);
    const memoryIdle = memoryOfAll(product.ready.processes);
    await using generator = startLoadGenerator();
    const dataFolder = join(folder, 'data');
    const entriesBefore = auditLogSize(dataFolder);
    if (options.profile !== undefined) mkdirSync(options.profile, { recursive: true });

    const rows: Row[] = [];
    for (const operation of operations) {
      if (!options.names.includes(operation.name)) continue;
      progress(operation.title);
      const setting = {
        ...options,
        hsm,
        keys: cold.keys,
        processes: product.ready.processes,
        generator,
        raw,
        sockets: folder,
      };
      rows.push(await measureOperation(operation, setting));
    }

    const answers = rows.reduce((sum, row) => sum + row.answers, 0);
    return {
      environment: environment(),
      load,
      rawMethod: raw.method,
      seconds: options.seconds,
      connections: options.connections,
      protections,
      audit: await seeAuditGrowth(() => auditLogSize(dataFolder), entriesBefore, answers),
      startUp: {
        coldReadyMs: cold.readyMs,
        warmReadyMs: product.readyMs,
        warmFirstWrapMs: wrapped - product.startedAt,
        firstWrapMs: wrapped - beforeWrap,
        disturbance: startDisturbance,
      },
      memoryIdle,
      memoryLoaded: memoryOfAll(product.ready.processes),
      rows,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function firstStart(
  start: (folder: string, label: string) => Promise<Product>,
  folder: string,
): Promise<{ readyMs: number; keys: Keys }> {
  await using product = await start(folder, 'first');
  return { readyMs: product.readyMs, keys: await createKeys(await connectHsm(product)) };
}

async function wrapOnce(hsm: Hsm, keys: Keys): Promise<void> {
  const body = { alg: 'RSA-OAEP-256', value: Buffer.alloc(32, 7).toString('base64url') };
  await hsm.ask('POST', `${keys.rsa.path}/wrapkey?api-version=${API_VERSION}`, body);
}
