import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { CryptoError } from '../../crypto/protocol/messages.ts';
import { MemoryContent, openMemoryStore } from '../memory/memory-store.fixture.ts';
import { DELETIONS_KEPT, type Store, StoreError } from '../port.ts';
import { makeSqlitePlace } from '../sqlite/sqlite-place.fixture.ts';
import { type InTestSealer, inTestSealer } from './in-test-sealer.fixture.ts';
import { openRecords } from './open-records.ts';
import type { SealedRecords } from './sealed-records.ts';
import { put, remove } from './worker.fixture.ts';

/** Records and what a feature would hold of them. */
interface Worker extends AsyncDisposable {
  readonly records: SealedRecords;
  readonly held: Map<string, string>;
  readonly applied: string[];
}

async function openWorker(
  store: Store,
  sealer: InTestSealer,
  seen: { log?: number; module?: number } = {},
): Promise<Worker> {
  const held = new Map<string, string>();
  const applied: string[] = [];
  const records = await openRecords({
    store,
    sealer,
    apply: ({ name, value }) => {
      applied.push(value === null ? `-${name}` : name);
      if (value === null) held.delete(name);
      else held.set(name, Buffer.from(value).toString());
    },
    newestHeadInLog: seen.log ?? 0,
    headSeenByModule: seen.module ?? 0,
  });
  return { records, held, applied, [Symbol.asyncDispose]: () => records[Symbol.asyncDispose]() };
}

describe('sealed records', () => {
  it('are there again, with their head, when the store is opened anew', async () => {
    const content = new MemoryContent();
    const sealer = inTestSealer();
    await using first = await openWorker(openMemoryStore(content), sealer);
    assert.equal(first.records.head.sequence, 0);
    await first.records.update(() => [put('a', '1'), put('b', '2')]);
    const head = await first.records.update(() => [put('a', '3'), remove('b'), put('c', '')]);
    assert.equal(head.sequence, 2);
    assert.deepEqual(first.applied, ['a', 'b', 'a', '-b', 'c']);
    await using second = await openWorker(openMemoryStore(content), sealer);
    assert.deepEqual(second.records.head, head);
    assert.deepEqual(Object.fromEntries(second.held), { a: '3', c: '' });
  });

  it('show the head to the module after each commit, and at opening once that is asked for', async () => {
    const content = new MemoryContent();
    const sealer = inTestSealer();
    await using first = await openWorker(openMemoryStore(content), sealer);
    await first.records.update(() => [put('a', '1')]);
    assert.equal(sealer.noted, 1);
    sealer.noted = 0;
    await using second = await openWorker(openMemoryStore(content), sealer);
    assert.equal(sealer.noted, 0);
    await second.records.note();
    assert.equal(sealer.noted, 1);
  });

  it('end when the module was shown another head', async () => {
    const sealer = inTestSealer();
    await using worker = await openWorker(openMemoryStore(new MemoryContent()), sealer);
    sealer.before = (request) => {
      if (request === 'noteHead') throw new CryptoError('StateRefused', 'another than the module was shown');
    };
    await assert.rejects(
      worker.records.update(() => [put('a', '1')]),
      { code: 'Refused' },
    );
    sealer.before = () => {};
    await assert.rejects(async () => worker.records.refresh(), { code: 'Refused' });
    await assert.rejects(
      worker.records.update(() => [put('b', '2')]),
      { code: 'Refused' },
    );
  });

  it('plan again what loses its effect while it is sealed, as another removed the same', async () => {
    const content = new MemoryContent();
    const sealer = inTestSealer();
    await using other = await openWorker(openMemoryStore(content), sealer);
    await other.records.update(() => [put('a', '1')]);
    const sealing = Promise.withResolvers<void>();
    const go = Promise.withResolvers<void>();
    const slow: InTestSealer = {
      ...sealer,
      async seal(...asked) {
        sealing.resolve();
        await go.promise;
        return sealer.seal(...asked);
      },
    };
    await using one = await openWorker(openMemoryStore(content), slow);
    const removed = one.records.update(() => {
      if (!one.held.has('a')) throw new Error('it is not there');
      return [remove('a')];
    });
    await sealing.promise;
    await other.records.update(() => [remove('a')]);
    await one.records.refresh();
    go.resolve();
    await assert.rejects(removed, { message: 'it is not there' });
  });

  it('commit nothing for a plan without effect, and hand on what a plan throws', async () => {
    await using worker = await openWorker(openMemoryStore(), inTestSealer());
    assert.equal((await worker.records.update(() => [])).sequence, 0);
    assert.equal((await worker.records.update(() => [remove('absent')])).sequence, 0);
    const refusal = new Error('no');
    await assert.rejects(
      worker.records.update(() => {
        throw refusal;
      }),
      refusal,
    );
    assert.equal((await worker.records.update(() => [put('a', '1')])).sequence, 1);
  });

  it('take no record called head, none with an empty, broken or endless name, none too long, and none twice', async () => {
    await using worker = await openWorker(openMemoryStore(), inTestSealer());
    for (const changes of [[put('head', 'x')], [put('', 'x')], [put('\ud800', 'x')], [put('a', 'x'), remove('a')]]) {
      await assert.rejects(
        worker.records.update(() => changes),
        TypeError,
      );
    }
    assert.equal(worker.records.head.sequence, 0);
  });

  it('do not wait when nothing changed, and hold other workers’ commits once refreshed', async () => {
    const content = new MemoryContent();
    const sealer = inTestSealer();
    await using one = await openWorker(openMemoryStore(content), sealer);
    await using two = await openWorker(openMemoryStore(content), sealer);
    assert.equal(one.records.refresh(), undefined);
    await two.records.update(() => [put('a', '1'), put('b', '1')]);
    await two.records.update(() => [put('a', '2'), remove('b')]);
    await one.records.refresh();
    assert.deepEqual(Object.fromEntries(one.held), { a: '2' });
    assert.deepEqual(one.records.head, two.records.head);
    assert.equal(one.records.refresh(), undefined);
  });

  it('never lose an update when many run at once in two workers', async () => {
    await using place = await makeSqlitePlace();
    const sealer = inTestSealer();
    await using storeOne = await place.open();
    await using storeTwo = await place.open();
    await using one = await openWorker(storeOne, sealer);
    await using two = await openWorker(storeTwo, sealer);
    const increment = ({ records, held }: Worker) =>
      records.update(() => [put('count', String(Number(held.get('count') ?? 0) + 1))]);
    const both = Array.from({ length: 20 }, () => [increment(one), increment(two)]).flat();
    const heads = await Promise.all(both);
    assert.equal(new Set(heads.map((head) => head.sequence)).size, 40);
    await one.records.refresh();
    assert.equal(one.held.get('count'), '40');
  });

  it('keep one line of heads when two workers change different records at once', async () => {
    await using place = await makeSqlitePlace();
    const sealer = inTestSealer();
    await using storeOne = await place.open();
    await using storeTwo = await place.open();
    await using one = await openWorker(storeOne, sealer);
    await using two = await openWorker(storeTwo, sealer);
    const updates = Array.from({ length: 10 }, (_, n) => [
      one.records.update(() => [put(`one/${n}`, '1')]),
      two.records.update(() => [put(`two/${n}`, '2')]),
    ]);
    const heads = await Promise.all(updates.flat());
    assert.equal(new Set(heads.map((head) => head.sequence)).size, 20);
    await using storeThree = await place.open();
    await using three = await openWorker(storeThree, sealer, { log: 20 });
    assert.equal(three.held.size, 20);
  });

  it('see each commit that was acknowledged before refresh was called, while other looks are under way', async () => {
    const content = new MemoryContent();
    const sealer = inTestSealer();
    await using one = await openWorker(openMemoryStore(content), sealer);
    await using two = await openWorker(openMemoryStore(content), sealer);
    const checks: Promise<void>[] = [];
    for (let n = 1; n <= 20; n++) {
      await two.records.update(() => [put('n', String(n))]);
      checks.push(
        Promise.resolve(one.records.refresh()).then(() => {
          assert.ok(Number(one.held.get('n')) >= n);
        }),
      );
    }
    await Promise.all(checks);
  });

  it('follow after an absence for which the store forgot deletions, if it was long enough for that', async () => {
    const content = new MemoryContent();
    const sealer = inTestSealer();
    const forgetDeletions = () => {
      for (const [key, row] of content.rows) if (row.value === null) content.rows.delete(key);
    };
    await using slow = await openWorker(openMemoryStore(content), sealer);
    await using busy = await openWorker(openMemoryStore(content), sealer);
    await busy.records.update(() => [put('gone', '1'), put('kept', '1')]);
    await slow.records.refresh();
    await busy.records.update(() => [remove('gone')]);
    forgetDeletions();
    for (let n = 0; n < DELETIONS_KEPT; n++) await busy.records.update(() => [put('kept', String(n))]);
    await slow.records.refresh();
    assert.deepEqual(Object.fromEntries(slow.held), { kept: String(DELETIONS_KEPT - 1) });
    assert.deepEqual(slow.records.head, busy.records.head);
    await busy.records.update(() => [put('other', '1')]);
    await slow.records.refresh();
    await busy.records.update(() => [remove('other')]);
    forgetDeletions();
    await assert.rejects(Promise.resolve(slow.records.refresh()), { code: 'Refused', message: /history/ });
  });

  it('resolve the doubt when the store failed after the commit was durable', async () => {
    const store = openMemoryStore();
    const commit = store.commit.bind(store);
    await using worker = await openWorker(store, inTestSealer());
    await worker.records.update(() => [put('a', '1')]);
    store.commit = async (guards, writes) => {
      await commit(guards, writes);
      throw new StoreError('Unavailable', 'the answer was lost');
    };
    assert.equal((await worker.records.update(() => [put('a', '2')])).sequence, 2);
    assert.equal(worker.held.get('a'), '2');
    store.commit = async () => {
      throw new StoreError('Unavailable', 'nothing was written');
    };
    await assert.rejects(
      worker.records.update(() => [put('a', '3')]),
      { code: 'Unavailable' },
    );
    store.commit = commit;
    assert.equal(worker.held.get('a'), '2');
    assert.equal((await worker.records.update(() => [put('a', '4')])).sequence, 3);
    assert.equal(worker.held.get('a'), '4');
  });

  it('bring in a commit whose outcome could not even be read, before anything else is served', async () => {
    const store = openMemoryStore();
    const { commit, read } = store;
    await using worker = await openWorker(store, inTestSealer());
    await worker.records.update(() => [put('a', '1')]);
    store.commit = async (guards, writes) => {
      await commit.call(store, guards, writes);
      throw new StoreError('Unavailable', 'the answer was lost');
    };
    store.read = async () => {
      throw new StoreError('Unavailable', 'cannot be read either');
    };
    await assert.rejects(
      worker.records.update(() => [put('a', '2')]),
      { code: 'Unavailable' },
    );
    assert.equal(worker.held.get('a'), '1');
    store.commit = commit;
    store.read = read;
    await worker.records.refresh();
    assert.equal(worker.held.get('a'), '2');
  });

  it('keep asking for the change when the module could not open it at first', async () => {
    const content = new MemoryContent();
    const sealer = inTestSealer();
    const own = inTestSealer(Buffer.alloc(32, 1));
    sealer.seal = own.seal.bind(own);
    sealer.open = async (...args) => {
      sealer.before('open');
      return own.open(...args);
    };
    sealer.noteHead = async () => {};
    await using one = await openWorker(openMemoryStore(content), sealer);
    await using two = await openWorker(openMemoryStore(content), own);
    await two.records.update(() => [put('a', '1')]);
    sealer.before = () => {
      throw new CryptoError('PartitionLost', 'gone');
    };
    await assert.rejects(Promise.resolve(one.records.refresh()), { name: 'StoreError', code: 'Unavailable' });
    await assert.rejects(Promise.resolve(one.records.refresh()), { name: 'StoreError', code: 'Unavailable' });
    sealer.before = () => {};
    await one.records.refresh();
    assert.equal(one.held.get('a'), '1');
  });

  it('do not answer an update that the module was not shown, though it stands', async () => {
    const sealer = inTestSealer();
    await using worker = await openWorker(openMemoryStore(), sealer);
    sealer.before = (request) => {
      if (request === 'noteHead') throw new CryptoError('Internal', 'the state file cannot be written');
    };
    await assert.rejects(
      worker.records.update(() => [put('a', '1')]),
      { code: 'Unavailable' },
    );
    sealer.before = () => {};
    assert.equal(worker.held.get('a'), '1');
    assert.equal((await worker.records.update(() => [put('a', '2')])).sequence, 2);
    assert.equal(sealer.noted, 2);
  });

  it('serve nothing more when a feature could not take a record over', async () => {
    const store = openMemoryStore();
    const records = await openRecords({
      store,
      sealer: inTestSealer(),
      apply: () => {
        throw new Error('not what I expected');
      },
      newestHeadInLog: 0,
      headSeenByModule: 0,
    });
    await assert.rejects(
      records.update(() => [put('a', '1')]),
      { code: 'Damaged' },
    );
    await assert.rejects(Promise.resolve(records.refresh()), { code: 'Damaged' });
    await records[Symbol.asyncDispose]();
  });

  it('finish what is under way when they are closed, and take nothing after', async () => {
    const worker = await openWorker(openMemoryStore(), inTestSealer());
    const pending = worker.records.update(() => [put('a', '1')]);
    await worker[Symbol.asyncDispose]();
    assert.equal((await pending).sequence, 1);
    await assert.rejects(
      worker.records.update(() => [put('a', '2')]),
      { code: 'Unavailable' },
    );
    await assert.rejects(Promise.resolve(worker.records.refresh()), { code: 'Unavailable' });
  });
});

describe('the age of a store', () => {
  it('must not be below what the log or the module saw; above is fine', async () => {
    const content = new MemoryContent();
    const sealer = inTestSealer();
    await using worker = await openWorker(openMemoryStore(content), sealer);
    for (const value of ['1', '2', '3']) await worker.records.update(() => [put('a', value)]);
    await using reopened = await openWorker(openMemoryStore(content), sealer, { log: 2, module: 3 });
    assert.equal(reopened.records.head.sequence, 3);
    await assert.rejects(openWorker(openMemoryStore(content), sealer, { log: 4 }), {
      code: 'Refused',
      message: /rolled back to sequence 3, while 4 was seen by the audit log/,
    });
    await assert.rejects(openWorker(openMemoryStore(content), sealer, { module: 5 }), {
      code: 'Refused',
      message: /rolled back to sequence 3, while 5 was seen by the module/,
    });
  });

  it('is refused for an empty store where there was one', async () => {
    await assert.rejects(openWorker(openMemoryStore(), inTestSealer(), { log: 1 }), {
      code: 'Refused',
      message: /it is empty, while 1 was seen by the audit log/,
    });
  });
});

describe('sealed records against a model', () => {
  const names = fc.constantFrom('a', 'b', 'c', 'd');
  const change = fc.record({ name: names, value: fc.option(fc.string({ maxLength: 4 }), { nil: null }) });
  const command = fc.oneof(
    fc.record({
      kind: fc.constant('update' as const),
      worker: fc.nat(1),
      changes: fc.uniqueArray(change, { maxLength: 3, selector: ({ name }) => name }),
    }),
    fc.record({ kind: fc.constant('refresh' as const), worker: fc.nat(1) }),
    fc.record({ kind: fc.constant('reopen' as const), worker: fc.nat(1) }),
  );

  it('are one map for all sequences of commands of two workers', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(command, { maxLength: 25 }), async (commands) => {
        await using place = await makeSqlitePlace();
        const sealer = inTestSealer();
        const stores = [await place.open(), await place.open()];
        const workers = await Promise.all(stores.map((store) => openWorker(store, sealer)));
        const model = new Map<string, string>();
        let sequence = 0;
        for (const each of commands) {
          const worker = workers[each.worker] as Worker;
          if (each.kind === 'update') {
            const effective = each.changes.filter(({ name, value }) => value !== null || model.has(name));
            const head = await worker.records.update(() =>
              each.changes.map(({ name, value }) => (value === null ? remove(name) : put(name, value))),
            );
            if (effective.length > 0) sequence += 1;
            assert.equal(head.sequence, sequence);
            for (const { name, value } of each.changes) {
              if (value === null) model.delete(name);
              else model.set(name, value);
            }
          } else if (each.kind === 'refresh') {
            await worker.records.refresh();
          } else {
            await worker[Symbol.asyncDispose]();
            await stores[each.worker]?.[Symbol.asyncDispose]();
            const store = await place.open();
            stores[each.worker] = store;
            workers[each.worker] = await openWorker(store, sealer, { log: sequence, module: sequence });
          }
          const { held, records } = workers[each.worker] as Worker;
          assert.deepEqual(Object.fromEntries(held), Object.fromEntries(model));
          assert.equal(records.head.sequence, sequence);
        }
        for (const worker of workers) await worker[Symbol.asyncDispose]();
        for (const store of stores) await store[Symbol.asyncDispose]();
      }),
      { numRuns: 30 },
    );
  });
});
