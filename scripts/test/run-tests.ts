// Runs test files and says honestly how it went: node:test's own report, then every skipped test with its reason, then
// what it took and one line `N passed, N failed`.
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { delimiter, join } from 'node:path';
import { finished } from 'node:stream/promises';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { clientsFolder } from '../../test/clients/folder.ts';
import { sourcesKey } from '../../test/support/ready-data.ts';
import { azForks } from './az/forks.ts';
import { cpuTimes, secondsOf, tableOf } from './cpu-times.ts';
import type { Plan } from './plan.ts';
import { processesFor } from './processes.ts';
import { testEnvironment } from './test-environment.ts';

/** Longest that one file may take: whole products start in some, with real clients that take seconds per command, and one lives a year. */
const FILE_TIMEOUT = 25 * 60_000;

/** True when all went well. `strict`: nothing may be skipped. */
export async function runTests(
  root: string,
  plan: Pick<Plan, 'files' | 'names' | 'withoutPrograms' | 'times'>,
  strict: boolean,
): Promise<boolean> {
  const skipped: string[] = [];
  let passed = 0;
  let broken = 0;
  await using environment = await testEnvironment(plan.withoutPrograms);
  await using times = await cpuTimes();
  await using az =
    !plan.withoutPrograms && plan.files.some((file) => file.startsWith('test/'))
      ? await azForks(clientsFolder())
      : undefined;
  const { PATH = '' } = environment.variables;
  await using processes = await processesFor(root, plan.files, (file) => readFileSync(join(root, file), 'utf8'));
  const tests = run({
    cwd: root,
    env: {
      ...environment.variables,
      ...times.variables,
      PATH: az === undefined ? PATH : [az.folder, PATH].join(delimiter),
      NODE_COMPILE_CACHE: join(root, 'node_modules/.cache/compile'),
      STRONGROOM_TEST_SOURCES: sourcesKey(root),
    },
    execArgv: [...times.flags],
    files: [...processes.entries],
    // One more than there are processors: some tests wait for what takes its time, and take none of theirs.
    concurrency: availableParallelism() + 1,
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
  const took = await times.read(root, az === undefined ? {} : { 'az, of all files': az.pid });
  if (plan.times) process.stdout.write(`\n${tableOf(took)}`);
  process.stdout.write(`\ntook ${secondsOf(took).toFixed(0)} CPU-seconds\n`);
  process.stdout.write(`${passed} passed, ${broken} failed\n`);
  return broken === 0 && passed > 0 && !refused;
}
