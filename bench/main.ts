// Entry file of `npm run bench`.
import { writeFileSync } from 'node:fs';
import { helpText, readArguments, UsageError } from './arguments.ts';
import { operations } from './operations.ts';
import { startProduct } from './product/product.ts';
import { report } from './report.ts';
import { runBench } from './run.ts';

const names = operations.map(({ name }) => name);
try {
  const options = readArguments(process.argv.slice(2), names);
  if (options === 'help') {
    process.stdout.write(helpText(names));
  } else {
    const results = await runBench(options, startProduct, (text) => process.stderr.write(`bench: ${text}\n`));
    process.stdout.write(report(results));
    if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(results, undefined, 2)}\n`);
    const broken = results.rows.some(({ wrong, errors }) => wrong > 0 || Object.keys(errors).length > 0);
    const unrecorded = results.audit === undefined || results.audit.entries < results.audit.answers;
    if (broken || unrecorded) process.exitCode = 1;
  }
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`bench: ${error.message}\n`);
  process.exitCode = 2;
}
