// What every store does, as tests. An adapter calls `storeContract` with a way to make a fresh place and open handles on it.
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { describe, it } from 'node:test';
import { DELETIONS_KEPT, type Row, type Store } from './port.ts';

/** One place that holds rows; handles on it stand for processes. */
export interface StorePath extends AsyncDisposable {
  open(): Promise<Store>;
}

export function storeContract(name: string, makePlace: () => Promise<StorePath>): void {
  describe(`the ${name} store`, () => {
    it('answers a committed row with its revision and bytes, and nothing for a key never written', async () => {
      await using place = await makePlace();
      await using store = await place.open();
      assert.equal(await store.commit([], [row(1, 1, 'one'), row(2, 1, '')]), 'committed');
      assert.deepEqual(plain(await store.read(key(1))), [hex(1), 1, 'one']);
      assert.deepEqual(plain(await store.read(key(2))), [hex(2), 1, '']);
      assert.equal(await store.read(key(3)), undefined);
    });

    it('does all writes of a commit or none', async () => {
      await using place = await makePlace();
      await using store = await place.open();
      await store.commit([], [row(1, 1, 'one')]);
      const guards = [
        { key: key(1), revision: 1 },
        { key: key(2), revision: 7 },
      ];
      assert.equal(await store.commit(guards, [row(1, 2, 'x'), row(3, 2, 'y')]), 'conflict');
      assert.deepEqual(await contents(store), [[hex(1), 1, 'one']]);
      assert.deepEqual(await store.changesSince(1), []);
    });

    it('lets revision 0 guard both a key never written and a deleted one', async () => {
      await using place = await makePlace();
      await using store = await place.open();
      const absent = [{ key: key(1), revision: 0 }];
      assert.equal(await store.commit(absent, [row(1, 1, 'one')]), 'committed');
      assert.equal(await store.commit(absent, [row(1, 2, 'two')]), 'conflict');
      assert.equal(await store.commit([{ key: key(1), revision: 1 }], [row(1, 2, null)]), 'committed');
      assert.equal(await store.commit([{ key: key(1), revision: 2 }], [row(1, 3, 'x')]), 'conflict');
      assert.equal(await store.commit(absent, [row(1, 3, 'three')]), 'committed');
      assert.deepEqual(plain(await store.read(key(1))), [hex(1), 3, 'three']);
    });

    it('shows a deletion among the changes and not in the list', async () => {
      await using place = await makePlace();
      await using store = await place.open();
      await store.commit([], [row(1, 1, 'one'), row(2, 1, 'two')]);
      await store.commit([], [row(1, 2, null)]);
      assert.deepEqual(await contents(store), [[hex(2), 1, 'two']]);
      assert.deepEqual((await store.changesSince(1)).map(plain), [[hex(1), 2, null]]);
      assert.deepEqual(plain(await store.read(key(1))), [hex(1), 2, null]);
    });

    it('lists changes by revision, each key once', async () => {
      await using place = await makePlace();
      await using store = await place.open();
      await store.commit([], [row(1, 1, 'a'), row(2, 1, 'b')]);
      await store.commit([], [row(3, 2, 'c')]);
      await store.commit([], [row(1, 3, 'd')]);
      assert.deepEqual((await store.changesSince(0)).map(plain), [
        [hex(2), 1, 'b'],
        [hex(3), 2, 'c'],
        [hex(1), 3, 'd'],
      ]);
      assert.deepEqual(await store.changesSince(3), []);
    });

    it('keeps showing a deletion for the promised number of revisions', async () => {
      await using place = await makePlace();
      await using store = await place.open();
      await store.commit([], [row(1, 1, 'a'), row(2, 1, 'b')]);
      await store.commit([], [row(1, 2, null)]);
      await store.commit([], [row(2, 1 + DELETIONS_KEPT, null)]);
      assert.deepEqual((await store.changesSince(1)).map(plain), [
        [hex(1), 2, null],
        [hex(2), 1 + DELETIONS_KEPT, null],
      ]);
    });

    it('reports the commits of another handle until they were read, and not its own', async () => {
      await using place = await makePlace();
      await using mine = await place.open();
      await using other = await place.open();
      await mine.changesSince(0);
      assert.equal(await mine.changed(), false);
      await mine.commit([], [row(1, 1, 'mine')]);
      assert.equal(await mine.changed(), false);
      await other.commit([], [row(2, 2, 'other')]);
      assert.equal(await mine.changed(), true);
      assert.equal(await mine.changed(), true);
      assert.deepEqual((await mine.changesSince(1)).map(plain), [[hex(2), 2, 'other']]);
      assert.equal(await mine.changed(), false);
      await other.commit([], [row(2, 3, null)]);
      assert.equal(await mine.changed(), true);
      await contents(mine);
      assert.equal(await mine.changed(), false);
    });

    it('lists as of one moment, however slowly it is read', async () => {
      await using place = await makePlace();
      await using store = await place.open();
      await using other = await place.open();
      const rows = Array.from({ length: 2000 }, (_, index) => row(index, 1, 'old'));
      await store.commit([], rows);
      const seen: unknown[] = [];
      for await (const batch of store.list()) {
        if (seen.length === 0) {
          await other.commit(
            [],
            rows.map((each) => ({ ...each, revision: 2, value: Buffer.from('new') })),
          );
          await store.commit([], [row(5000, 3, 'own')]);
        }
        seen.push(...batch.map((each) => plain(each)?.[2]));
      }
      assert.equal(seen.length, 2000);
      assert.deepEqual(new Set(seen), new Set(['old']));
      assert.equal(await store.changed(), true);
    });

    it('lets one of two handles win that guard the same revision', async () => {
      await using place = await makePlace();
      await using one = await place.open();
      await using two = await place.open();
      await one.commit([], [row(1, 1, 'start')]);
      const guards = [{ key: key(1), revision: 1 }];
      const outcomes = await Promise.all([
        one.commit(guards, [row(1, 2, 'one')]),
        two.commit(guards, [row(1, 2, 'two')]),
      ]);
      assert.deepEqual(outcomes.toSorted(), ['committed', 'conflict']);
    });

    it('refuses keys of another length and revisions that are none, before it writes', async () => {
      await using place = await makePlace();
      await using store = await place.open();
      const short = { key: Buffer.alloc(31), revision: 1, value: Buffer.alloc(1) };
      await assert.rejects(store.commit([], [row(1, 1, 'x'), short]), RangeError);
      await assert.rejects(store.commit([], [row(1, 0, 'x')]), RangeError);
      await assert.rejects(store.commit([], [row(1, 2 ** 53, 'x')]), RangeError);
      await assert.rejects(store.commit([{ key: key(1), revision: -1 }], [row(1, 1, 'x')]), RangeError);
      assert.deepEqual(await contents(store), []);
    });

    it('is not changed by what callers do to the bytes they gave or got', async () => {
      await using place = await makePlace();
      await using store = await place.open();
      const given = row(1, 1, 'one');
      await store.commit([], [given]);
      given.value?.fill(0);
      given.key.fill(0);
      (await store.read(key(1)))?.value?.fill(0);
      assert.deepEqual(await contents(store), [[hex(1), 1, 'one']]);
    });

    it('keeps its rows when all handles are closed, and answers nothing through a closed one', async () => {
      await using place = await makePlace();
      const first = await place.open();
      await first.commit([], [row(1, 1, 'one')]);
      await first[Symbol.asyncDispose]();
      await first[Symbol.asyncDispose]();
      await assert.rejects(first.read(key(1)), { name: 'StoreError', code: 'Unavailable' });
      await assert.rejects(first.commit([], [row(1, 2, 'x')]), { name: 'StoreError', code: 'Unavailable' });
      await using second = await place.open();
      assert.deepEqual(await contents(second), [[hex(1), 1, 'one']]);
    });
  });
}

export function key(number: number): Buffer {
  const bytes = Buffer.alloc(32, 7);
  bytes.writeUInt32BE(number);
  return bytes;
}

export function row(number: number, revision: number, text: string | null): Row & { readonly value: Buffer | null } {
  return { key: key(number), revision, value: text === null ? null : Buffer.from(text) };
}

/** In an order that does not depend on the store. */
export async function contents(store: Store): Promise<unknown[]> {
  const rows: [string, number, string | null][] = [];
  for await (const batch of store.list()) {
    for (const each of batch) {
      const values = plain(each);
      if (values !== undefined) rows.push(values);
    }
  }
  return rows.toSorted((a, b) => (a[0] < b[0] ? -1 : 1));
}

function hex(number: number): string {
  return key(number).toString('hex');
}

function plain(found: Row | undefined): [string, number, string | null] | undefined {
  if (found === undefined) return undefined;
  const value = found.value === null ? null : Buffer.from(found.value).toString();
  return [Buffer.from(found.key).toString('hex'), found.revision, value];
}
