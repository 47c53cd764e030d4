// What the audit log has to name of commits, and what is committed only after it does.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type NamedHead, NO_HEAD } from '../../formats/named-head.ts';
import { MemoryContent, openMemoryStore } from '../memory/memory-store.fixture.ts';
import { StoreError } from '../port.ts';
import { inTestSealer } from './in-test-sealer.fixture.ts';
import { type Head, type HeadLog, NO_ENTRY } from './records.ts';
import { append, openWorker, put, remove, watched } from './worker.fixture.ts';

describe('changes that are to be on record', () => {
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
});
