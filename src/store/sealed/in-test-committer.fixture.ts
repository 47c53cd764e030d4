// A process for crash tests: commits in a loop over the folder in argv, so many together, and writes each acknowledged number
// to stdout.
// `counter` holds the number n of commits by all processes; of the records `item/n` the newest three exist.
import { Buffer } from 'node:buffer';
import { writeSync } from 'node:fs';
import { openSqliteStore } from '../sqlite/sqlite-store.ts';
import { inTestSealer } from './in-test-sealer.fixture.ts';
import { openRecords } from './open-records.ts';
import type { Change } from './records.ts';

const [folder = '', limit = '1000', size = '100', together = '1'] = process.argv.slice(2);
const records = new Map<string, Uint8Array>();

await using store = await openSqliteStore({ folder });
const take = ({ name, value }: Change): void => {
  if (value === null) records.delete(name);
  else records.set(name, value);
};
await using opened = await openRecords({
  store,
  sealer: inTestSealer(Buffer.alloc(32, 1)),
  apply: take,
  attempt(changes) {
    const before = changes.map(({ name }) => ({ name, value: records.get(name) ?? null }));
    for (const change of changes) take(change);
    return () => {
      for (const change of before) take(change);
    };
  },
  newestHeadInLog: 0,
  headSeenByModule: 0,
});

async function commitOne(): Promise<void> {
  let n = 0;
  await opened.update(() => {
    n = Number(Buffer.from(records.get('counter') ?? []).toString()) + 1;
    return [
      { name: 'counter', value: Buffer.from(String(n)) },
      { name: `item/${n}`, value: Buffer.alloc(Number(size), n) },
      { name: `item/${n - 3}`, value: null },
    ];
  });
  writeSync(1, `${n}\n`);
}

for (let commits = 0; commits < Number(limit); commits += Number(together)) {
  const results = await Promise.allSettled(Array.from({ length: Number(together) }, commitOne));
  const failed = results.find((result) => result.status === 'rejected');
  if (failed === undefined) continue;
  writeSync(1, `failed ${(failed.reason as { code?: string }).code}\n`);
  break;
}
