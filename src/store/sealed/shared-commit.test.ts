// Changes that are asked for together: one commit under one head, and yet as if each had come after the other.
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { given } from '../../formats/given.ts';
import { type NamedHead, NO_HEAD } from '../../formats/named-head.ts';
import { MemoryContent, openMemoryStore } from '../memory/memory-store.fixture.ts';
import { type Store, StoreError } from '../port.ts';
import { makeSqlitePlace } from '../sqlite/sqlite-place.fixture.ts';
import { holding } from './follow-records.ts';
import { HEAD_ENTRIES } from './head-entries.ts';
import { type InTestSealer, inTestSealer } from './in-test-sealer.fixture.ts';
import { openRecords } from './open-records.ts';
import { type Change, type Head, type HeadLog, NO_ENTRY, NotTakenBack } from './records.ts';
import type { SealedRecords } from './sealed-records.ts';

interface Worker extends AsyncDisposable {
  readonly records: SealedRecords;
  readonly held: Map<string, string>;
}

/** A record called `broken…` cannot be taken over. */
async function openWorker(store: Store, sealer: InTestSealer, seen = 0, log?: HeadLog): Promise<Worker> {
  const held = new Map<string, string>();
  const take = ({ name, value }: Change): void => {
    if (value === null) held.delete(name);
    else held.set(name, Buffer.from(value).toString());
    if (name.startsWith('broken')) throw new Error('it contradicts what is known');
  };
  const records = await openRecords({
    store,
    sealer,
    apply: take,
    attempt(changes) {
      if (changes.some(({ name }) => name.startsWith('untried'))) return undefined;
      const undos = changes.map(({ name }) => holding(held, name));
      const undo = (): void => undos.reverse().forEach((each) => each());
      try {
        changes.forEach(take);
      } catch (error) {
        undo();
        throw error;
      }
      return undo;
    },
    ...given({ log }),
    newestHeadInLog: seen,
    headSeenByModule: seen,
  });
  return { records, held, [Symbol.asyncDispose]: () => records[Symbol.asyncDispose]() };
}

function put(name: string, value: string): Change {
  return { name, value: Buffer.from(value) };
}

function remove(name: string): Change {
  return { name, value: null };
}

const append =
  ({ held }: Worker, name: string, text: string) =>
  (): readonly Change[] => [put(name, (held.get(name) ?? '') + text)];

/** Counts what it commits, and can hold a commit back or fail it. */
function watched(store: Store) {
  const commit = store.commit.bind(store);
  const watch = { store, commits: 0, before: async (): Promise<void> => {} };
  store.commit = async (guards, writes) => {
    watch.commits += 1;
    await watch.before();
    return commit(guards, writes);
  };
  return watch;
}

function reasonOf(result: PromiseSettledResult<unknown> | undefined): unknown {
  return (result as PromiseRejectedResult).reason;
}

describe('changes that are asked for together', () => {
  it('are one commit under one head, one step further, that says how many they are', async () => {
    const content = new MemoryContent();
    const watch = watched(openMemoryStore(content));
    const sealer = inTestSealer();
    const asked = { heads: 0, notes: 0 };
    const { sealHead, noteHead } = sealer;
    sealer.sealHead = (...head) => ((asked.heads += 1), sealHead.apply(sealer, head));
    sealer.noteHead = (...head) => ((asked.notes += 1), noteHead.apply(sealer, head));
    await using worker = await openWorker(watch.store, sealer);
    asked.heads = 0;
    const heads = await Promise.all([...'abcdef'].map((text) => worker.records.update(append(worker, 'x', text))));
    assert.equal(worker.held.get('x'), 'abcdef');
    assert.deepEqual([watch.commits, asked.heads, asked.notes, sealer.noted], [1, 1, 1, 1]);
    for (const head of heads) assert.deepEqual(head, { ...worker.records.head, sequence: 1, entries: 6 });
    assert.deepEqual(worker.records.named, heads[0]);
    const rows = [...content.rows.values()];
    assert.deepEqual(
      rows.map(({ revision }) => revision),
      [1, 1, 1],
    );
    const opened = await Promise.all(rows.map(({ key, value }) => sealer.open(key, 1, value ?? new Uint8Array())));
    const sealed = opened.find(({ name }) => name === HEAD_ENTRIES);
    assert.deepEqual(JSON.parse(Buffer.from(sealed?.value ?? []).toString()), { sequence: 1, entries: 6 });
    const alone = await worker.records.update(append(worker, 'x', 'g'));
    assert.deepEqual([alone.sequence, alone.entries], [2, undefined]);
    await using reopened = await openWorker(openMemoryStore(content), sealer, 2);
    assert.deepEqual([reopened.held.get('x'), reopened.held.has(HEAD_ENTRIES)], ['abcdefg', false]);
    assert.deepEqual(reopened.records.named, { sequence: 2, hash: alone.hash, entries: 1 });
  });

  it('are named in the log by each that has an entry, and by none that has changed nothing', async () => {
    const content = new MemoryContent();
    const sealer = inTestSealer();
    await using worker = await openWorker(openMemoryStore(content), sealer);
    const { records } = worker;
    const quiet = await records.update(append(worker, 'x', '-'), NO_ENTRY);
    assert.deepEqual([quiet.entries, records.named], [0, NO_HEAD]);
    const [a, silent, none, two] = (await Promise.all([
      records.update(append(worker, 'x', 'a')),
      records.update(append(worker, 'x', 'b'), NO_ENTRY),
      records.update(() => []),
      records.update(
        () => [put('y', '1'), put('z', '1')],
        ({ length }) => length,
      ),
    ])) as [Head, Head, Head, Head];
    assert.deepEqual([a.entries, silent.entries, none.entries, two.entries], [3, 0, 0, 3]);
    assert.deepEqual(records.named, { sequence: 2, hash: a.hash, entries: 3 });
    // What no entry names leaves the log to name what was before, however many they are.
    for (const text of 'cd') await records.update(append(worker, 'x', text), NO_ENTRY);
    assert.equal((await records.update(() => [remove('absent')])).entries, 0);
    for (const later of [records, (await openWorker(openMemoryStore(content), sealer, 2)).records]) {
      assert.deepEqual([later.head.sequence, later.named], [4, { sequence: 2, hash: a.hash, entries: 3 }]);
    }
    const next = await records.update(append(worker, 'x', 'e'));
    assert.deepEqual(records.named, { sequence: 5, hash: next.hash, entries: 1 });
  });

  it('are committed upon a head only once the log has all its entries, whoever made it', async () => {
    const content = new MemoryContent();
    const sealer = inTestSealer();
    const asked: NamedHead[] = [];
    const answer = Promise.withResolvers<void>();
    let refused = false;
    const log: HeadLog = {
      countsEntries: true,
      settle: async (head) => {
        asked.push(head);
        if (refused) throw new StoreError('Refused', 'the log names another');
        await answer.promise;
      },
    };
    await using one = await openWorker(openMemoryStore(content), sealer);
    await using two = await openWorker(openMemoryStore(content), sealer, 0, log);
    const [head] = await Promise.all([
      one.records.update(append(one, 'x', 'a')),
      one.records.update(append(one, 'x', 'b')),
    ]);
    const after = two.records.update(append(two, 'x', 'c'));
    while (asked.length === 0) await new Promise(setImmediate);
    assert.deepEqual(asked, [{ sequence: 1, hash: head?.hash, entries: 2 }]);
    assert.equal(content.rows.size, 3, 'nothing more is there');
    answer.resolve();
    assert.equal((await after).sequence, 2);
    refused = true;
    await assert.rejects(two.records.update(append(two, 'x', 'd')), { code: 'Refused' });
    await assert.rejects(async () => two.records.refresh(), { code: 'Refused' });
  });

  it('are planned again when the log took its time: rights and times may be others by then', async (t) => {
    let now = 0;
    t.mock.method(performance, 'now', () => now);
    const answer = Promise.withResolvers<void>();
    const asked = Promise.withResolvers<void>();
    const settle = async (): Promise<void> => (asked.resolve(), answer.promise);
    const content = new MemoryContent();
    const sealer = inTestSealer();
    await using other = await openWorker(openMemoryStore(content), sealer);
    await other.records.update(append(other, 'x', '1'));
    await using worker = await openWorker(openMemoryStore(content), sealer, 1, { countsEntries: true, settle });
    const ended = worker.records.update(() => {
      if (now >= 6000) throw new Error('the grant has ended');
      return [put('y', '1')];
    });
    const lasting = worker.records.update(append(worker, 'x', '2'));
    await asked.promise;
    now = 6000;
    answer.resolve();
    await assert.rejects(ended, /the grant has ended/);
    assert.equal((await lasting).sequence, 2);
    assert.deepEqual(Object.fromEntries(worker.held), { x: '12' });
  });

  it('do not share a commit where nobody counts their entries, or no longer', async () => {
    const content = new MemoryContent();
    const sealer = inTestSealer();
    const watch = watched(openMemoryStore(content));
    await using other = await openWorker(openMemoryStore(content), sealer);
    let countsEntries = true;
    const log: HeadLog = {
      get countsEntries() {
        return countsEntries;
      },
      settle: async () => {},
    };
    await using worker = await openWorker(watch.store, sealer, 0, log);
    watch.before = async () => {
      // The recorder is replaced by an older one while a commit of many is lost to another worker.
      if (countsEntries) await other.records.update(append(other, 'y', '1'));
      countsEntries = false;
    };
    const heads = await Promise.all([...'abcd'].map((text) => worker.records.update(append(worker, 'x', text))));
    assert.deepEqual(
      heads.map(({ sequence, entries }) => [sequence, entries]),
      [2, 3, 4, 5].map((sequence) => [sequence, undefined]),
    );
  });

  it('are half as many after each race that they lost', async () => {
    const content = new MemoryContent();
    const sealer = inTestSealer();
    const watch = watched(openMemoryStore(content));
    await using one = await openWorker(watch.store, sealer);
    await using two = await openWorker(openMemoryStore(content), sealer);
    let races = 3;
    watch.before = async () => {
      if (races-- > 0) await two.records.update(append(two, 'y', '.'));
    };
    const heads = await Promise.all(
      Array.from({ length: 40 }, (_, n) => one.records.update(append(one, 'x', `${n},`))),
    );
    assert.deepEqual([heads[0]?.entries, heads[4]?.entries, heads[5]?.entries, heads.at(-1)?.entries], [5, 5, 35, 35]);
    assert.equal(one.held.get('x'), Array.from({ length: 40 }, (_, n) => `${n},`).join(''));
  });

  it('end all records when what was tried cannot be taken back', async () => {
    const records = await openRecords({
      store: openMemoryStore(),
      sealer: inTestSealer(),
      apply: () => {},
      attempt() {
        throw new NotTakenBack('half of it is there');
      },
      newestHeadInLog: 0,
      headSeenByModule: 0,
    });
    const asked = await Promise.allSettled(['a', 'b'].map((name) => records.update(() => [put(name, '1')])));
    for (const result of asked) assert.equal((reasonOf(result) as StoreError).code, 'Damaged');
    await assert.rejects(async () => records.refresh(), { code: 'Damaged' });
  });

  it('are refused each for itself, on what those before it leave', async () => {
    const watch = watched(openMemoryStore());
    await using worker = await openWorker(watch.store, inTestSealer());
    const once = (text: string) => () => {
      if (worker.held.has('x')) throw new Error(`${text}: it exists`);
      return [put('x', text)];
    };
    const results = await Promise.allSettled([
      worker.records.update(once('a')),
      worker.records.update(once('b')),
      worker.records.update(() => [put('', 'no name')]),
      worker.records.update(
        () => [put('y', '1')],
        () => {
          throw new Error('it cannot say how many');
        },
      ),
      worker.records.update(() => [put('y', '1'), put('broken', '1')]),
      worker.records.update(() => [put('z', worker.held.get('y') ?? 'nothing')]),
      worker.records.update(() => [remove('x')]),
      worker.records.update(once('c')),
    ]);
    assert.deepEqual(
      results.map(({ status }) => status),
      ['fulfilled', 'rejected', 'rejected', 'rejected', 'rejected', 'fulfilled', 'fulfilled', 'fulfilled'],
    );
    assert.match(String(reasonOf(results[1])), /b: it exists/);
    assert.match(String(reasonOf(results[3])), /how many/);
    assert.match(String(reasonOf(results[4])), /contradicts/);
    assert.deepEqual(Object.fromEntries(worker.held), { x: 'c', z: 'nothing' });
    assert.deepEqual([watch.commits, worker.records.named.entries], [1, 4]);
  });

  it('show in memory once they are durable, and not at all when they could not be made so', async () => {
    const watch = watched(openMemoryStore());
    await using worker = await openWorker(watch.store, inTestSealer());
    await worker.records.update(() => [put('x', '0')]);
    let seen: string | undefined;
    watch.before = async () => {
      seen = worker.held.get('x');
      throw new StoreError('Unavailable', 'the disk is full');
    };
    const early = new Error('no');
    const results = await Promise.allSettled([
      worker.records.update(() => {
        throw early;
      }),
      worker.records.update(append(worker, 'x', '1')),
      worker.records.update(() => {
        if (worker.held.get('x') === '01') throw new Error('x is too long');
        return [];
      }),
      worker.records.update(() => []),
      worker.records.update(append(worker, 'x', '2')),
    ]);
    // The first was refused whatever came of the others; the third because of what never was.
    assert.equal(reasonOf(results[0]), early);
    for (const result of results.slice(1)) assert.equal((reasonOf(result) as StoreError).code, 'Unavailable');
    assert.deepEqual([seen, worker.held.get('x')], ['0', '0']);
    watch.before = async () => {};
    await worker.records.refresh();
    assert.equal((await worker.records.update(append(worker, 'x', '3'))).sequence, 2);
    assert.equal(worker.held.get('x'), '03');
  });

  it('leave, where they failed, nothing that outlives the next commit', async () => {
    const content = new MemoryContent();
    const sealer = inTestSealer();
    const store = openMemoryStore(content);
    const { commit } = store;
    await using worker = await openWorker(store, sealer);
    await worker.records.update(append(worker, 'x', '0'));
    // What lies in the journal of a commit that was cut off, and whoever has the disk can bring back.
    const journal = new Map(content.rows);
    store.commit = async (_, writes) => {
      for (const row of writes) journal.set(Buffer.from(row.key).toString('latin1'), row);
      throw new StoreError('Unavailable', 'the disk is full');
    };
    await Promise.allSettled(Array.from({ length: 40 }, () => worker.records.update(append(worker, 'x', 'f'))));
    store.commit = commit;
    for (const text of '12') await worker.records.update(append(worker, 'x', text));
    content.rows.clear();
    for (const [key, row] of journal) content.rows.set(key, row);
    await assert.rejects(openWorker(openMemoryStore(content), sealer, sealer.noted), { code: 'Refused' });
  });

  it('are all planned again when another worker was faster, and may then be refused', async () => {
    const content = new MemoryContent();
    const sealer = inTestSealer();
    const watch = watched(openMemoryStore(content));
    await using one = await openWorker(watch.store, sealer);
    await using two = await openWorker(openMemoryStore(content), sealer);
    watch.before = async () => {
      watch.before = async () => {};
      await two.records.update(append(two, 'x', 'other'));
    };
    const results = await Promise.allSettled([
      one.records.update(append(one, 'x', '1')),
      one.records.update(() => {
        if (one.held.get('x') !== '1') throw new Error('it is another');
        return [put('y', '1')];
      }),
      one.records.update(append(one, 'x', '2')),
    ]);
    assert.match(String(reasonOf(results[1])), /it is another/);
    assert.deepEqual(Object.fromEntries(one.held), { x: 'other12' });
    assert.deepEqual([one.records.named.entries, one.records.head.sequence], [1, 3]);
    await two.records.refresh();
    assert.deepEqual(two.held, one.held);
    assert.deepEqual(two.records.head, one.records.head);
  });

  it('are at most 64; many records, and what cannot be tried, keep nobody waiting who came before', async () => {
    const watch = watched(openMemoryStore());
    await using worker = await openWorker(watch.store, inTestSealer());
    const single = Array.from({ length: 130 }, (_, n) => worker.records.update(() => [put(`s/${n}`, '1')]));
    assert.equal((await Promise.all(single)).at(-1)?.sequence, 3);
    const many = Array.from({ length: 65 }, (_, n) => put(`m/${n}`, '1'));
    const after = await Promise.all([
      worker.records.update(() => [put('a', '1')]),
      worker.records.update(() => many),
      worker.records.update(() => [put('untried', '1')]),
      worker.records.update(() => [put('b', worker.held.get('untried') ?? '')]),
    ]);
    assert.deepEqual(
      after.map(({ sequence }) => sequence),
      [4, 5, 6, 7],
    );
    assert.deepEqual([worker.held.get('b'), watch.commits], ['1', 7]);
  });

  it('make and remove a record in one commit, which other workers follow', async () => {
    const content = new MemoryContent();
    const sealer = inTestSealer();
    await using one = await openWorker(openMemoryStore(content), sealer);
    await using two = await openWorker(openMemoryStore(content), sealer);
    const heads = await Promise.all([
      one.records.update(() => [put('x', '1')]),
      one.records.update(() => (one.held.has('x') ? [remove('x')] : [])),
    ]);
    assert.deepEqual(
      heads.map(({ sequence, entries }) => [sequence, entries]),
      [
        [1, 2],
        [1, 2],
      ],
    );
    await two.records.refresh();
    assert.deepEqual([two.held.size, two.records.head], [0, one.records.head]);
    await using reopened = await openWorker(openMemoryStore(content), sealer, 1);
    assert.equal(reopened.held.size, 0);
  });
});

const name = fc.constantFrom('a', 'b', 'c');
const action = fc.record({
  worker: fc.nat(1),
  /** Turns of the loop before the next is asked for. */
  pause: fc.nat(2),
  does: fc.constantFrom('append', 'remove', 'move', 'once', 'nothing', 'throw'),
  name,
  other: name,
});
type Action = typeof action extends fc.Arbitrary<infer T> ? T : never;

/** What an action reads and does, on any map. @throws what refuses it */
function carryOut({ does, name, other }: Action, id: number, all: ReadonlyMap<string, string>): readonly Change[] {
  const value = all.get(name);
  switch (does) {
    case 'append':
      return [put(name, `${value ?? ''}.${id}`)];
    case 'remove':
      return value === undefined ? [] : [remove(name)];
    case 'move':
      return value === undefined || name === other ? [] : [remove(name), put(other, value)];
    case 'once':
      if (value !== undefined) throw new Error(`${name} is ${value}`);
      return [put(name, String(id))];
    case 'nothing':
      return [];
    case 'throw':
      throw new Error(`no, ${value}`);
  }
}

async function run(actions: readonly Action[], workers: readonly Worker[]): Promise<(string | Head)[]> {
  const asked: Promise<string | Head>[] = [];
  for (const [id, each] of actions.entries()) {
    const { records, held } = workers[each.worker % workers.length] as Worker;
    asked.push(records.update(() => carryOut(each, id, held)).catch((error: unknown) => (error as Error).message));
    for (let turn = 0; turn < each.pause; turn++) await new Promise(setImmediate);
  }
  return Promise.all(asked);
}

describe('any interleaving of changes', () => {
  it('of one worker gives the answers and the state of one after the other', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(action, { maxLength: 20 }), async (actions) => {
        const content = new MemoryContent();
        const sealer = inTestSealer();
        await using worker = await openWorker(openMemoryStore(content), sealer);
        const answers = await run(actions, [worker]);
        const model = new Map<string, string>();
        for (const [id, each] of actions.entries()) {
          try {
            for (const { name, value } of carryOut(each, id, model)) {
              if (value === null) model.delete(name);
              else model.set(name, Buffer.from(value).toString());
            }
            assert.equal(typeof answers[id], 'object');
          } catch (error) {
            assert.equal(answers[id], (error as Error).message);
          }
        }
        assert.deepEqual(worker.held, model);
        await using reopened = await openWorker(openMemoryStore(content), sealer, sealer.noted);
        assert.deepEqual(reopened.held, model);
      }),
      { numRuns: 150 },
    );
  });

  it('of two workers gives those of some order, in which each of them has its own', async () => {
    const changing = action.map((each): Action => ({ ...each, does: each.does === 'once' ? 'once' : 'append' }));
    await fc.assert(
      fc.asyncProperty(fc.array(changing, { maxLength: 24 }), async (actions) => {
        await using place = await makeSqlitePlace();
        const sealer = inTestSealer();
        await using storeOne = await place.open();
        await using storeTwo = await place.open();
        await using one = await openWorker(storeOne, sealer);
        await using two = await openWorker(storeTwo, sealer);
        const answers = await run(actions, [one, two]);
        const committed = actions
          .map((each, id) => ({ each, id, head: answers[id] as string | Head }))
          .filter((done): done is typeof done & { head: Head } => typeof done.head === 'object')
          .sort((a, b) => a.head.sequence - b.head.sequence || a.id - b.id);
        const model = new Map<string, string>();
        const shares = new Map<number, Set<number>>();
        for (const { each, id, head } of committed) {
          for (const { name, value } of carryOut(each, id, model)) model.set(name, Buffer.from(value ?? []).toString());
          shares.getOrInsertComputed(head.sequence, () => new Set()).add(each.worker);
        }
        for (const workers of shares.values()) assert.equal(workers.size, 1);
        await Promise.all([one.records.refresh(), two.records.refresh()]);
        assert.deepEqual(Object.fromEntries(one.held), Object.fromEntries(model));
        assert.deepEqual(Object.fromEntries(two.held), Object.fromEntries(model));
        assert.deepEqual(
          [...shares.keys()].sort((a, b) => a - b),
          [...shares.keys()],
        );
        assert.equal(one.records.head.sequence, shares.size);
      }),
      { numRuns: 25 },
    );
  });
});
