// Replays all recordings and writes the tables into docs/reference/conformance.md; what differs and is not listed is shown,
// and then nothing is written.
import { writeTable } from '../support/page-table.ts';
import { openFeatures } from './all-features.ts';
import { featuresOfFolder, skip } from './exchanges.ts';
import type { Replayed } from './replay.ts';
import { COUNTS_HEAD, countsTable, outlived, REASONS_HEAD, reasonsTable, unlisted } from './report.ts';

if (skip !== false) throw new Error(skip);
const results = new Map<string, readonly Replayed[]>();
{
  await using features = await openFeatures();
  for (const feature of featuresOfFolder()) results.set(feature, await features.replay(feature));
}
const wrong = [...results.values()].flatMap(unlisted);
for (const line of wrong) console.error(line);
for (const line of outlived(results)) console.error(`does not occur any more: ${line}`);
if (wrong.length > 0) throw new Error(`${wrong.length} differences are not listed in test/recordings/differences.ts`);
writeTable(COUNTS_HEAD, countsTable(results));
writeTable(REASONS_HEAD, reasonsTable(results));
