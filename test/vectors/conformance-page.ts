// The table of `docs/reference/conformance.md`, made of what a run of the vectors gave.
import type { FileResult } from './run-file.ts';

export const HEAD = '| file | operations | cases | passed | through | left out, and why |';

export function tableOf(results: readonly FileResult[]): string {
  const lines = [...results]
    .sort((a, b) => (a.file < b.file ? -1 : 1))
    .map(({ file, operation, cases, through, leftOut }) => {
      const passed = [...through.values()].reduce((sum, count) => sum + count, 0);
      const where = sorted(through).map(([name, count]) => (through.size === 1 ? name : `${name} ${count}`));
      const left = sorted(leftOut).map(([why, count]) => `${count}: ${why}`);
      return `| \`${file}\` | ${operation} | ${cases} | ${passed} | ${where.join(', ')} | ${left.join('; ')} |`;
    })
    .map((line) => line.replaceAll('|  |', '| |'));
  return [HEAD, '| --- | --- | --- | --- | --- | --- |', ...lines].join('\n');
}

function sorted(counts: ReadonlyMap<string, number>): [string, number][] {
  return [...counts].sort(([a], [b]) => (a < b ? -1 : 1));
}
