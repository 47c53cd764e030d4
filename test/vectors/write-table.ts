// Runs all vectors and writes the table into docs/reference/conformance.md; nothing is written unless all pass.
import { writeTable } from '../support/page-table.ts';
import { allFiles } from './all-files.ts';
import { HEAD, tableOf } from './conformance-page.ts';
import { Hsm } from './hsm.ts';
import { type FileResult, runFile } from './run-file.ts';
import { skip } from './wycheproof.ts';

if (skip !== false) throw new Error(skip);
await using hsm = await Hsm.start();
const results: FileResult[] = [];
for (const row of allFiles) results.push(await runFile(hsm, row));
writeTable(HEAD, tableOf(results));
