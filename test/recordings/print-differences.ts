// Replays the features that are named, or all, and prints everything that differs, listed or not, with both sides.
import { openFeatures } from './all-features.ts';
import { featuresOfFolder, skip } from './exchanges.ts';
import { shown } from './report.ts';

if (skip !== false) throw new Error(skip);
const [, , ...named] = process.argv;
await using features = await openFeatures();
for (const feature of named.length === 0 ? featuresOfFolder() : named) {
  console.log(`# ${feature}`);
  for (const line of (await features.replay(feature)).flatMap(shown)) console.log(line);
}
