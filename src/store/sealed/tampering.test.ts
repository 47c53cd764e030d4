// What who owns the file can do to it, through a connection of their own, and that each is refused with its reason.
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { copyFile, readFile, rm, writeFile } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Store } from '../port.ts';
import { makeSqlitePlace } from '../sqlite/sqlite-place.fixture.ts';
import { HEAD } from './head.ts';
import { inTestSealer } from './in-test-sealer.fixture.ts';
import { openRecords } from './open-records.ts';
import type { Records } from './records.ts';

const secret = Buffer.alloc(32, 9);
const sealer = inTestSealer(secret);
type Place = Awaited<ReturnType<typeof makeSqlitePlace>>;

function openOver(store: Store, log = 0): Promise<Records> {
  return openRecords({ store, sealer, apply: () => {}, newestHeadInLog: log, headSeenByModule: 0 });
}

async function keyOf(name: string): Promise<Uint8Array> {
  if (name !== HEAD) return (await sealer.seal(name, 1, new Uint8Array())).key;
  return (await sealer.sealHead({ sequence: 1, hash: '', records: 0 }, new Uint8Array())).key;
}

/** Sequence 4: "alice" and "bob" of 1, "carol" of 2 and again of 3, "dave" of 2 and deleted at 4. */
async function fill(records: Records, after: (sequence: number) => Promise<void> = async () => {}): Promise<void> {
  const put = (name: string, text: string) => ({ name, value: Buffer.from(text) });
  const commits = [
    [put('alice', 'may sign'), put('bob', 'may look')],
    [put('carol', 'old'), put('dave', 'revoked later')],
    [put('carol', 'new')],
    [{ name: 'dave', value: null }],
  ];
  for (const changes of commits) {
    const { sequence } = await records.update(() => changes);
    await after(sequence);
  }
}

interface Attacked {
  readonly db: DatabaseSync;
  /** Rows of sequence 2, by record name. */
  readonly old: ReadonlyMap<string, { readonly revision: number; readonly value: Uint8Array }>;
  readonly place: Place;
}

interface Attack {
  readonly does: string;
  readonly reason: RegExp;
  run(attacked: Attacked): Promise<void>;
}

const attacks: readonly Attack[] = [
  {
    does: 'edits a value',
    reason: /row [0-9a-f]{16} was edited/,
    run: async ({ db }) => {
      const value = Buffer.from(
        db.prepare('SELECT value FROM rows WHERE key = ?').get(await keyOf('bob'))?.['value'] as Uint8Array,
      );
      value.writeUInt8(value.readUInt8(30) ^ 1, 30);
      db.prepare('UPDATE rows SET value = ? WHERE key = ?').run(value, await keyOf('bob'));
    },
  },
  {
    does: 'changes a revision',
    reason: /row [0-9a-f]{16} was edited/,
    run: async ({ db }) => {
      db.prepare('UPDATE rows SET revision = 4 WHERE key = ?').run(await keyOf('bob'));
    },
  },
  {
    does: 'swaps the values of two rows',
    reason: /was swapped: it holds the record of row [0-9a-f]{16} \("bob"\)/,
    run: async ({ db }) => {
      const get = db.prepare('SELECT value FROM rows WHERE key = ?');
      const set = db.prepare('UPDATE rows SET value = ? WHERE key = ?');
      const [a, b] = [await keyOf('alice'), await keyOf('bob')];
      const [va, vb] = [get.get(a)?.['value'] as Uint8Array, get.get(b)?.['value'] as Uint8Array];
      set.run(vb, a);
      set.run(va, b);
    },
  },
  {
    does: 'swaps the keys of two rows with different revisions',
    reason: /was swapped: it holds the record of row [0-9a-f]{16} \("carol"\)/,
    run: async ({ db }) => {
      const [a, c] = [await keyOf('alice'), await keyOf('carol')];
      const set = db.prepare('UPDATE rows SET key = ? WHERE key = ?');
      set.run(Buffer.alloc(32), a);
      set.run(a, c);
      set.run(c, Buffer.alloc(32));
    },
  },
  {
    does: 'copies a row over another',
    reason: /was overwritten with a copy of row [0-9a-f]{16} \("alice"\)/,
    run: async ({ db }) => {
      db.prepare('UPDATE rows SET value = (SELECT value FROM rows WHERE key = ?) WHERE key = ?').run(
        await keyOf('alice'),
        await keyOf('bob'),
      );
    },
  },
  {
    does: 'copies a row to a key that was not there',
    reason: /was overwritten with a copy of row [0-9a-f]{16} \("alice"\)/,
    run: async ({ db }) => {
      db.prepare('INSERT INTO rows (key, revision, value) SELECT ?, revision, value FROM rows WHERE key = ?').run(
        Buffer.alloc(32, 5),
        await keyOf('alice'),
      );
    },
  },
  {
    does: 'restores an older version of a row',
    reason: /not the 3 records of sequence 4: some were replaced by another version|"carol" is of revision 2/,
    run: async ({ db, old }) => {
      const row = old.get('carol');
      assert.ok(row);
      db.prepare('UPDATE rows SET revision = ?, value = ? WHERE key = ?').run(
        row.revision,
        row.value,
        await keyOf('carol'),
      );
    },
  },
  {
    does: 'deletes a row',
    reason: /1 of the 3 records of sequence 4 are missing/,
    run: async ({ db }) => {
      db.prepare('DELETE FROM rows WHERE key = ?').run(await keyOf('bob'));
    },
  },
  {
    does: 'marks a row as deleted',
    reason: /1 of the 3 records of sequence 4 are missing/,
    run: async ({ db }) => {
      db.prepare('UPDATE rows SET value = NULL WHERE key = ?').run(await keyOf('bob'));
    },
  },
  {
    does: 'puts a deleted row back',
    reason: /1 records more than the 3 of sequence 4|"dave" is of revision 2/,
    run: async ({ db, old }) => {
      const row = old.get('dave');
      assert.ok(row);
      db.prepare('UPDATE rows SET revision = ?, value = ? WHERE key = ?').run(
        row.revision,
        row.value,
        await keyOf('dave'),
      );
    },
  },
  {
    does: 'removes the head',
    reason: /the head is missing, with 3 records there/,
    run: async ({ db }) => {
      db.prepare('DELETE FROM rows WHERE key = ?').run(await keyOf('head'));
    },
  },
  {
    does: 'restores an older head only',
    reason: /the head was rolled back to sequence 2: row [0-9a-f]{16} is of 3/,
    run: async ({ db, old }) => {
      const row = old.get('head');
      assert.ok(row);
      db.prepare('UPDATE rows SET revision = ?, value = ? WHERE key = ?').run(
        row.revision,
        row.value,
        await keyOf('head'),
      );
    },
  },
  {
    does: 'rolls every row back to an older moment',
    reason: /rolled back to sequence 2[ ,]/,
    run: async ({ db, old }) => {
      db.exec('DELETE FROM rows');
      const insert = db.prepare('INSERT INTO rows (key, revision, value) VALUES (?, ?, ?)');
      for (const [name, row] of old) insert.run(await keyOf(name), row.revision, row.value);
    },
  },
  {
    does: 'empties the table',
    reason: /it is empty|rolled back to sequence 0/,
    run: async ({ db }) => {
      db.exec('DELETE FROM rows');
    },
  },
];

async function prepare(place: Place, records: Records): Promise<Attacked> {
  const db = new DatabaseSync(place.file);
  const old = new Map<string, { revision: number; value: Uint8Array }>();
  const read = db.prepare('SELECT revision, value FROM rows WHERE key = ?');
  await fill(records, async (sequence) => {
    if (sequence !== 2) return;
    for (const name of ['alice', 'bob', 'carol', 'dave', 'head']) {
      const row = read.get(await keyOf(name));
      if (row) old.set(name, { revision: row['revision'] as number, value: row['value'] as Uint8Array });
    }
  });
  assert.equal(old.size, 5);
  return { db, old, place };
}

for (const { does, reason, run } of attacks) {
  describe(`who ${does}`, () => {
    it('is found out when the store is opened', async () => {
      await using place = await makeSqlitePlace();
      {
        await using store = await place.open();
        await using records = await openOver(store);
        const attacked = await prepare(place, records);
        using _db = attacked.db;
        await run(attacked);
      }
      await using store = await place.open();
      await assert.rejects(openOver(store, 4), { name: 'StoreError', code: 'Refused', message: reason });
    });

    it('is found out while the store is in use, and nothing is served from then on', async () => {
      await using place = await makeSqlitePlace();
      await using store = await place.open();
      await using records = await openOver(store);
      const attacked = await prepare(place, records);
      using _db = attacked.db;
      assert.equal(records.refresh(), undefined);
      await run(attacked);
      const refusal = { name: 'StoreError', code: 'Refused', message: reason };
      await assert.rejects(Promise.resolve(records.refresh()), refusal);
      await assert.rejects(Promise.resolve(records.refresh()), refusal);
      await assert.rejects(
        records.update(() => [{ name: 'x', value: Buffer.from('x') }]),
        refusal,
      );
    });
  });
}

describe('who owns the file', () => {
  it('cannot take part in the next commit by a trigger, and nothing is served from then on', async () => {
    await using place = await makeSqlitePlace();
    await using store = await place.open();
    await using records = await openOver(store);
    await fill(records);
    using db = new DatabaseSync(place.file);
    const refusal = { name: 'StoreError', code: 'Refused', message: /indexes, triggers or views/ };
    const plan = () => {
      // Behind the look that comes before every plan.
      db.exec('CREATE TRIGGER IF NOT EXISTS t AFTER INSERT ON rows BEGIN DELETE FROM rows WHERE id = new.id; END');
      return [{ name: 'x', value: Buffer.from('x') }];
    };
    await assert.rejects(records.update(plan), refusal);
    db.exec('DROP TRIGGER t');
    await assert.rejects(Promise.resolve(records.refresh()), refusal);
  });

  it('cannot bring an older copy of it back while the log knows a newer head', async () => {
    await using place = await makeSqlitePlace();
    {
      await using store = await place.open();
      await using records = await openOver(store);
      await fill(records);
    }
    await copyFile(place.file, `${place.file}.old`);
    {
      await using store = await place.open();
      await using records = await openOver(store, 4);
      await records.update(() => [{ name: 'alice', value: null }]);
    }
    await copyFile(`${place.file}.old`, place.file);
    await using store = await place.open();
    await assert.rejects(openOver(store, 5), {
      code: 'Refused',
      message: /rolled back to sequence 4, while 5 was seen by the audit log/,
    });
  });

  it('cannot remove it', async () => {
    await using place = await makeSqlitePlace();
    {
      await using store = await place.open();
      await using records = await openOver(store);
      await fill(records);
    }
    for (const suffix of ['', '-wal', '-shm']) await rm(place.file + suffix, { force: true });
    await using store = await place.open();
    await assert.rejects(openOver(store, 4), { code: 'Refused', message: /it is empty/ });
  });

  it('cannot have a value served that was sealed for a commit that lost its race', async () => {
    await using place = await makeSqlitePlace();
    const name = 'assignment';
    const lost = await sealer.seal(name, 1, Buffer.from('everything allowed'));
    {
      await using store = await place.open();
      await using records = await openOver(store);
      await records.update(() => [{ name, value: Buffer.from('nothing allowed') }]);
    }
    using db = new DatabaseSync(place.file);
    db.prepare('UPDATE rows SET value = ? WHERE key = ?').run(lost.sealed, lost.key);
    await using store = await place.open();
    await assert.rejects(openOver(store), { code: 'Refused', message: /another version/ });
  });

  it('cannot split two workers by showing one of them an older state to commit on', async () => {
    await using place = await makeSqlitePlace();
    await using storeOne = await place.open();
    await using one = await openOver(storeOne);
    await using storeTwo = await place.open();
    await using two = await openOver(storeTwo);
    const set = (value: string) => () => [{ name: 'a', value: Buffer.from(value) }];
    await one.update(set('1'));
    await two.refresh();
    using db = new DatabaseSync(place.file);
    const old = db.prepare('SELECT key, revision, value FROM rows').all();
    await one.update(set('2'));
    db.exec('DELETE FROM rows');
    const insert = db.prepare('INSERT INTO rows (key, revision, value) VALUES (?, ?, ?)');
    for (const row of old) insert.run(row['key'] as Uint8Array, row['revision'] as number, row['value'] as Uint8Array);
    await two.update(set('other 2'));
    await two.update(() => [{ name: 'b', value: Buffer.from('3') }]);
    await assert.rejects(Promise.resolve(one.refresh()), {
      code: 'Refused',
      message: /"a" is of revision 2, which it was not/,
    });
  });

  it('finds no name and no value in its bytes', async () => {
    await using place = await makeSqlitePlace();
    const markers = [
      'marker-name-of-a-key',
      'marker-principal-id',
      'marker-deleted-name',
      'marker-deleted-value',
      'head',
      'sequence',
    ];
    const check = async (): Promise<void> => {
      for (const suffix of ['', '-wal', '-shm']) {
        const bytes = await readFile(place.file + suffix).catch(() => Buffer.alloc(0));
        for (const marker of markers) {
          assert.ok(!bytes.includes(marker), `${marker} in store.db${suffix}`);
          assert.ok(!bytes.includes(Buffer.from(marker).toString('base64').slice(0, -4)), `${marker} as base64`);
        }
      }
    };
    {
      await using store = await place.open();
      await using records = await openOver(store);
      await records.update(() => [
        { name: 'marker-name-of-a-key', value: Buffer.from('{"principal":"marker-principal-id"}'.repeat(200)) },
        { name: 'marker-deleted-name', value: Buffer.from('marker-deleted-value') },
      ]);
      await records.update(() => [{ name: 'marker-deleted-name', value: null }]);
      await check();
    }
    assert.ok((await readFile(place.file)).length > 8192);
    await check();
  });

  it('has no cut or zeroed file read as something else: it is refused or whole', async () => {
    await using place = await makeSqlitePlace();
    {
      await using store = await place.open();
      await using records = await openOver(store);
      await fill(records);
      await records.update(() =>
        Array.from({ length: 40 }, (_, n) => ({ name: `r${n}`, value: Buffer.alloc(900, n) })),
      );
    }
    const whole = await readFile(place.file);
    const bytes = fc.record({
      at: fc.nat(whole.length - 1),
      length: fc.integer({ min: 1, max: 3000 }),
      cut: fc.boolean(),
    });
    let refusals = 0;
    await fc.assert(
      fc.asyncProperty(bytes, async ({ at, length, cut }) => {
        await using torn = await makeSqlitePlace();
        const damaged = cut
          ? whole.subarray(0, at)
          : Buffer.from(whole).fill(0, at, Math.min(at + length, whole.length));
        await writeFile(torn.file, damaged);
        const held = new Map<string, Buffer>();
        try {
          await using store = await torn.open();
          await using _records = await openRecords({
            store,
            sealer,
            apply: ({ name, value }) => held.set(name, Buffer.from(value ?? [])),
            newestHeadInLog: 5,
            headSeenByModule: 5,
          });
          assert.equal(held.size, 43);
          assert.ok(
            [...held].every(
              ([name, value]) => !name.startsWith('r') || value.equals(Buffer.alloc(900, Number(name.slice(1)))),
            ),
          );
        } catch (error) {
          assert.ok(['Refused', 'Damaged'].includes((error as { code: string }).code), String(error));
          refusals += 1;
        }
      }),
      { numRuns: 60 },
    );
    assert.ok(refusals > 20);
  });
});
