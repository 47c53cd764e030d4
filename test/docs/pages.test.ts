// No page is forgotten: each that has a block to run is in a group, once, and what is not run is told with its reason.
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { CHECKOUT } from '../support/running-product.ts';
import { PAGE, readPage, type Step } from './blocks.ts';
import { GROUPS } from './groups.ts';

const KINDS = ['run', 'fails', 'run by', 'not run'] as const;
const pages = globSync(['*.md', 'docs/**/*.md'], { cwd: CHECKOUT })
  .filter((file) => PAGE.test(file))
  .sort()
  .map((file) => ({ file, steps: readPage(readFileSync(join(CHECKOUT, file), 'utf8')).steps }))
  .filter(({ steps }) => steps.some(({ kind }) => KINDS.some((each) => each === kind)));

test('each page that has a block to run is in a group, once', () => {
  const toRun = pages.filter(({ steps }) => steps.some(({ kind }) => kind === 'run' || kind === 'fails'));
  assert.deepEqual(
    Object.values(GROUPS).flat().sort(),
    toRun.map(({ file }) => file),
  );
});

test('what is run and what is not is printed', (context) => {
  const row = (steps: readonly Step[], name: string): void =>
    context.diagnostic([...KINDS.map((kind) => steps.filter((step) => step.kind === kind).length), name].join('\t'));
  context.diagnostic([...KINDS, 'page'].join('\t'));
  for (const { file, steps } of pages) {
    row(steps, file);
    for (const { kind, value, line } of steps) if (kind === 'not run') context.diagnostic(`\t${line}: ${value}`);
  }
  row(
    pages.flatMap(({ steps }) => steps),
    'all',
  );
});
