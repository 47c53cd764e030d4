// A whole run of `npm run bench -- growth`: each axis is measured, and written as figures and as a chart.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from '../arguments.ts';
import { readyFolder } from '../files.ts';
import { environment } from '../machine/environment.ts';
import type { GrowthOptions } from './arguments.ts';
import type { Axis, GrowthResults } from './axis.ts';
import { chart } from './chart.ts';

const CHARTS = join(import.meta.dirname, '..', '..', 'docs', 'design', 'growth');

export async function runGrowthBench(
  { axes, sizes, draw, out = CHARTS }: GrowthOptions,
  progress: (text: string) => void,
): Promise<void> {
  const missing = draw ? axes.find(({ name }) => !existsSync(join(out, `${name}.json`))) : undefined;
  if (missing !== undefined)
    throw new UsageError(`nothing was measured that --draw could draw: no ${missing.name}.json in ${out}`);
  readyFolder(out);
  for (const axis of axes) {
    const figures = join(out, `${axis.name}.json`);
    const results = draw ? readResults(figures) : await measure(axis, sizes ?? axis.sizes, progress);
    if (!draw) writeFileSync(figures, written(results));
    writeFileSync(join(out, `${axis.name}.svg`), chart(axis, results));
    progress(`${join(out, axis.name)}.svg`);
  }
}

async function measure(axis: Axis, sizes: readonly number[], progress: (text: string) => void): Promise<GrowthResults> {
  const points = await axis.measure(sizes, (text) => progress(`${axis.name}: ${text}`));
  return { axis: axis.name, environment: environment(), points };
}

function readResults(file: string): GrowthResults {
  return JSON.parse(readFileSync(file, 'utf8')) as GrowthResults;
}

/** Figures to four digits: more are noise, and make differences between two runs hard to read. */
function written(results: GrowthResults): string {
  const short = (_: string, value: unknown): unknown =>
    typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(4)) : value;
  return `${JSON.stringify(results, short, 2)}\n`;
}
