// A full rehearsal of an instance of the product as it is shipped, by its own command line: what a recovery takes, step by
// step, with so many keys.
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Rehearsal } from '../../src/formats/rehearsal-record.ts';
import { createKeys } from '../bench-keys.ts';
import { fillStore } from '../keys/fill.ts';
import { watchDisturbance } from '../machine/disturbance.ts';
import { environment } from '../machine/environment.ts';
import { connectHsm } from '../product/hsm.ts';
import { INSTANCE, startProduct } from '../product/product.ts';
import type { RehearsalResults } from './report.ts';

const PROGRAM = fileURLToPath(new URL('../../strongroom', import.meta.url));

export async function runRehearsalBench(keys: number, progress: (text: string) => void): Promise<RehearsalResults> {
  const folder = mkdtempSync(join(tmpdir(), 'strongroom-bench-rehearsal-'));
  const data = join(folder, 'data');
  const strongroom = async (...words: string[]): Promise<string> => {
    const { stdout } = await promisify(execFile)(PROGRAM, [...words, '--data', data, '--json'], { maxBuffer: 2 ** 24 });
    return stdout;
  };
  try {
    progress('first start');
    {
      await using product = await startProduct(folder, 'first');
      await createKeys(await connectHsm(product));
    }
    progress(`${keys} keys: filling`);
    await fillStore(data, INSTANCE, 0, keys);
    await using _product = await startProduct(folder, 'filled');
    progress('samples and backup');
    const samples = join(folder, 'samples.json');
    await strongroom('rehearse', 'prepare', '--out', samples);
    await strongroom('backup', 'start');
    const [backup = ''] = readdirSync(join(data, 'backups')).filter((name) => name.startsWith('mhsm-'));
    const custodians = join(data, 'custodians-development-only');
    progress('rehearsal');
    const watch = watchDisturbance();
    const began = performance.now();
    const rehearsal = JSON.parse(
      await strongroom(
        ...['rehearse', '--depth', 'full', '--domain', join(custodians, 'dev-security-domain.json')],
        ...['--backup', join(data, 'backups', backup), '--samples', samples],
        ...['--key', join(custodians, 'custodian-1.pem'), '--key', join(custodians, 'custodian-2.pem')],
      ),
    ) as Rehearsal;
    const wholeMs = performance.now() - began;
    return {
      environment: environment(),
      keys: rehearsal.backup?.keys ?? 0,
      samples: rehearsal.sample?.unwrapped ?? 0,
      steps: rehearsal.steps,
      recoveryMs: rehearsal.recoveryMilliseconds ?? 0,
      wholeMs,
      disturbance: watch.end(),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
