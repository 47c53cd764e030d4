// A process for crash tests: commits in a loop, three changes at once, over the folder in argv and writes each acknowledged number to stdout.
// `counter` holds the number n of commits by all processes; of the records `item/n` the newest three exist.
import { Buffer } from 'node:buffer';
import { writeSync } from 'node:fs';
import { openSqliteStore } from '../sqlite/sqlite-store.ts';
import { holding } from './follow-records.ts';
import { inTestSealer } from './in-test-sealer.fixture.ts';
import { openRecords } from './open-records.ts';
import type { Change } from './records.ts';

const [folder = '', limit = '1000', size = '100'] = process.argv.slice(2);
const records = new Map<string, Uint8Array>();
const take = ({ name, value }: Change): void => {
  if (value === null) records.delete(name);
  else records.set(name, value);
};

await using store = await openSqliteStore({ folder });
await using opened = await openRecords({
  store,
  sealer: inTestSealer(Buffer.alloc(32, 1)),
  apply: take,
  attempt(changes) {
    const undos = changes.map(({ name }) => holding(records, name));
    changes.forEach(take);
    return () => undos.reverse().forEach((undo) => undo());
  },
  newestHeadInLog: 0,
  headSeenByModule: 0,
});
for (let commits = 0; commits < Number(limit); commits++) {
  try {
    const count = async (): Promise<number> => {
      let n = 0;
      await opened.update(() => {
        n = Number(Buffer.from(records.get('counter') ?? []).toString()) + 1;
        return [
          { name: 'counter', value: Buffer.from(String(n)) },
          { name: `item/${n}`, value: Buffer.alloc(Number(size), n) },
          { name: `item/${n - 3}`, value: null },
        ];
      });
      return n;
    };
    for (const n of await Promise.all([count(), count(), count()])) writeSync(1, `${n}\n`);
  } catch (error) {
    writeSync(1, `failed ${(error as { code?: string }).code}\n`);
    break;
  }
}
