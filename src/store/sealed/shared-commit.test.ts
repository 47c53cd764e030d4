// Changes that are asked for together: one commit under one head, and yet as if each had come after the other.
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { describe, it } from 'node:test';
import { MemoryContent, openMemoryStore } from '../memory/memory-store.fixture.ts';
import { StoreError } from '../port.ts';
import { HEAD_ENTRIES } from './head-entries.ts';
import { inTestSealer } from './in-test-sealer.fixture.ts';
import { openRecords } from './open-records.ts';
import { NotTakenBack } from './records.ts';
import { append, openWorker, put, reasonOf, remove, watched } from './worker.fixture.ts';

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
