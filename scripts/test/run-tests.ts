// Runs test files and says honestly how it went: node:test's own report, then every skipped test with its reason, then
// one line `N passed, N failed`.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import type { Plan } from './plan.ts';
import { processesFor } from './processes.ts';
import { testEnvironment } from './test-environment.ts';

/** Longest that one file may take: whole products start in some, with real clients that take seconds per command. */
const FILE_TIMEOUT = 15 * 60_000;

/** True when all went well. `strict`: nothing may be skipped. */
export async function runTests(
  root: string,
  plan: Pick<Plan, 'files' | 'names' | 'withoutPrograms'>,
  strict: boolean,
): Promise<boolean> {
  const skipped: string[] = [];
  let passed = 0;
  let broken = 0;
  await using environment = await testEnvironment(plan.withoutPrograms);
  await using processes = await processesFor(root, plan.files, (file) => readFileSync(join(root, file), 'utf8'));
  const tests = run({
    cwd: root,
    env: { ...environment.variables, NODE_COMPILE_CACHE: join(root, 'node_modules/.cache/compile') },
    files: [...processes.entries],
    concurrency: 2,
    timeout: FILE_TIMEOUT,
    ...(plan.names.length === 0 ? {} : { testNamePatterns: [...plan.names] }),
  });
  tests.on('test:pass', ({ name, file, skip, todo }) => {
    const reason = skip ?? todo;
    if (reason === undefined || reason === false) return;
    skipped.push(
      `${name}${file === undefined ? '' : ` (${file.replace(`${root}/`, '')})`}: ${reason === true ? 'no reason given' : reason}`,
    );
  });
  tests.on('test:summary', ({ file, counts, success }) => {
    if (file !== undefined) return;
    passed = counts.passed;
    // A file that fails outside any test counts as well: `success` knows it.
    broken = Math.max(counts.tests - counts.passed - counts.skipped - counts.todo, success ? 0 : 1);
  });
  const report = tests.compose(spec());
  report.pipe(process.stdout, { end: false });
  await finished(report);

  for (const line of skipped) process.stdout.write(`skipped: ${line}\n`);
  const refused = strict && skipped.length > 0;
  if (refused) process.stdout.write(`in CI nothing skips: ${skipped.length} skipped\n`);
  process.stdout.write(`\n${passed} passed, ${broken} failed\n`);
  return broken === 0 && passed > 0 && !refused;
}
