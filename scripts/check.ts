// `npm run check`: everything that can be judged without running the product. All parts run at once; each problem is
// printed with where it is, what is wrong and what to do.
import { join } from 'node:path';
import { checkApiOperations, dataPlaneRows } from './check/api-operations.ts';
import { checkApiVersionTable } from './check/api-version-table.ts';
import { checkBlocks } from './check/blocks.ts';
import { checkDocuments } from './check/documents.ts';
import { checkFileNames } from './check/file-names.ts';
import { houseTable, judgeHouse, judgeSignWay, measureHouse } from './check/house.ts';
import { checkImports } from './check/imports.ts';
import { describe, type Problem } from './check/problem.ts';
import { checkReferencePages } from './check/reference-pages.ts';
import { runOnThisNode } from './check/run-program.ts';
import { readTree } from './check/tree.ts';

const ROOT = join(import.meta.dirname, '..');

interface Part {
  readonly name: string;
  readonly run: () => Promise<{ readonly ok: boolean; readonly output: string }>;
}

const tree = readTree(ROOT);

// On a developer's machine both remember what they judged. The linter's rules look at types, so a change in one file can
// make another wrong that it does not look at again: CI remembers nothing.
const remembers = process.env['CI'] !== 'true';
const CACHE = join(ROOT, 'node_modules/.cache');

const parts: readonly Part[] = [
  tool(
    'types',
    'node_modules/typescript/bin/tsc',
    [
      '-p',
      '.',
      '--pretty',
      'false',
      ...(remembers ? ['--incremental', '--tsBuildInfoFile', join(CACHE, 'types.tsbuildinfo')] : []),
    ],
    'correct the types named above',
  ),
  tool(
    'lint',
    'node_modules/eslint/bin/eslint.js',
    ['.', ...(remembers ? ['--cache', '--cache-strategy', 'content', '--cache-location', join(CACHE, 'eslint')] : [])],
    'correct what is named above; `npx eslint --fix FILE` does some of it',
  ),
  tool(
    'format',
    'node_modules/@biomejs/biome/bin/biome',
    ['check', '--max-diagnostics=40'],
    'run `npx biome check --write PATH`',
  ),
  rules('imports', () => checkImports(tree)),
  {
    name: 'house',
    run: async () => {
      const house = measureHouse(tree);
      const { code, output } = await runOnThisNode(ROOT, 'scripts/check/sign-way.ts', []);
      if (code !== 0) return { ok: false, output };
      const way = output.split('\n');
      const problems = [...judgeHouse(house), ...judgeSignWay(way)];
      const ok = problems.every(({ warning }) => warning === true);
      return { ok, output: [...problems.map(describe), houseTable(house, way.length)].join('\n') };
    },
  },
  rules('file names', () => checkFileNames(tree)),
  rules('documents', () => [...checkDocuments(tree), ...checkBlocks(tree)]),
  rules('reference pages', async () => [
    ...checkReferencePages(tree),
    ...(await checkApiOperations(tree, ROOT)),
    ...checkApiVersionTable(tree, await dataPlaneRows(tree, ROOT)),
  ]),
];

const failed: string[] = [];
await Promise.all(
  parts.map(async ({ name, run }) => {
    const start = performance.now();
    const { ok, output } = await run();
    if (!ok) failed.push(name);
    const time = `${((performance.now() - start) / 1000).toFixed(1)} s`;
    process.stdout.write(`${ok ? '✔' : '✖'} ${name} (${time})\n${output === '' ? '' : `${output}\n`}`);
  }),
);
if (failed.length > 0) {
  process.stdout.write(`check: ${failed.join(', ')} failed\n`);
  process.exitCode = 1;
}

function tool(name: string, script: string, args: readonly string[], fix: string): Part {
  return {
    name,
    run: async () => {
      const { code, output } = await runOnThisNode(ROOT, join(ROOT, script), args);
      return code === 0 ? { ok: true, output: '' } : { ok: false, output: `${output}\n    → ${fix}` };
    },
  };
}

function rules(name: string, check: () => Problem[] | Promise<Problem[]>): Part {
  return {
    name,
    run: async () => {
      const problems = await check();
      const output = problems.map(describe).join('\n');
      return { ok: problems.every(({ warning }) => warning === true), output };
    },
  };
}
