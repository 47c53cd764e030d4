// A run of any length: `node scripts/run.mjs test/chaos/main.ts [--seed S] [--faults N] [--only "KIND,KIND"]`. Exit status 1: a promise was broken.
import { randomInt } from 'node:crypto';
import { delimiter, join } from 'node:path';
import { parseArgs } from 'node:util';
import { clientsFolder } from '../clients/folder.ts';
import { sourcesKey } from '../support/ready-data.ts';
import { CHECKOUT } from '../support/running-product.ts';
import { type KindName, kindNames } from './kinds.ts';
import { runChaos } from './run.ts';

const { values } = parseArgs({
  options: { seed: { type: 'string' }, faults: { type: 'string' }, only: { type: 'string' } },
});
const only = values.only?.split(',').map((name) => {
  if (!kindNames.some((kind) => kind === name)) throw new Error(`no fault '${name}' (known: ${kindNames.join(', ')})`);
  return name as KindName;
});
process.env['PATH'] = [join(clientsFolder(), 'bin'), process.env['PATH'] ?? ''].join(delimiter);
process.env['STRONGROOM_TEST_SOURCES'] ??= sourcesKey(CHECKOUT);
const { findings } = await runChaos({
  seed: Number(values.seed ?? randomInt(2 ** 32)),
  faults: Number(values.faults ?? 1000),
  only,
  report: (line) => void process.stdout.write(`${line}\n`),
});
for (const finding of findings) process.stdout.write(`\n${finding}\n`);
process.stdout.write(`${findings.length} findings\n`);
process.exitCode = findings.length === 0 ? 0 : 1;
