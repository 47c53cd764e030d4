// `npm test`: the check, then every test on this Node. `npm test -- src/store` runs a part, `--fast` takes a slice of test/,
// `--no-check` the check, `--name=PATTERN` all but matching tests; `--times` says which took long. With CI=true a skipped test fails the run.
// `--without-programs` runs what can skip as on a machine that has Node alone: nothing may fail there.
import { join } from 'node:path';
import { runOnThisNode } from './check/run-program.ts';
import { readTree } from './check/tree.ts';
import { PlanError, planTests } from './test/plan.ts';
import { runTests } from './test/run-tests.ts';

const ROOT = join(import.meta.dirname, '..');

try {
  const tree = readTree(ROOT);
  const plan = planTests(process.argv.slice(2), tree.files, (file) => tree.text(file).includes('skipUnless('));
  if (plan.check && !(await check())) process.exitCode = 1;
  else process.exitCode = (await runTests(ROOT, plan, process.env['CI'] === 'true' && !plan.withoutPrograms)) ? 0 : 1;
} catch (error) {
  if (!(error instanceof PlanError)) throw error;
  process.stderr.write(`npm test: ${error.message}\n`);
  process.exitCode = 2;
}

async function check(): Promise<boolean> {
  const { code, output } = await runOnThisNode(ROOT, join(ROOT, 'scripts/check.ts'), []);
  process.stdout.write(`${output}\n\n`);
  if (code !== 0)
    process.stdout.write('npm test: the check failed, so no test was run (--no-check runs them anyway)\n');
  return code === 0;
}
