// Correctness nobody here wrote: Project Wycheproof's vectors against a running instance, and the page that tells of it.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { tableOfPage } from '../support/page-table.ts';
import { allFiles } from './all-files.ts';
import { HEAD, tableOf } from './conformance-page.ts';
import { Hsm } from './hsm.ts';
import { type FileResult, runFile } from './run-file.ts';
import { filesOfFolder, skip } from './wycheproof.ts';

const results: FileResult[] = [];
let hsm: Hsm | undefined;
before(async () => {
  if (skip === false) hsm = await Hsm.start();
});
after(() => hsm?.[Symbol.asyncDispose]());

for (const row of allFiles) {
  test(`${row.file}: ${row.operation}`, { skip }, async () => {
    assert.ok(hsm !== undefined);
    const result = await runFile(hsm, row);
    results.push(result);
    assert.ok(
      [...result.through.values()].some((count) => count > 0),
      'no case ran',
    );
  });
}

test('every file of the folder is run', { skip }, () => {
  assert.deepEqual(allFiles.map(({ file }) => file).sort(), filesOfFolder());
});

test('docs/reference/conformance.md tells what this run gave', { skip }, () => {
  assert.equal(tableOfPage(HEAD), tableOf(results), 'run test/vectors/write-table.ts and look at what changed');
});
