// Properties: however changes interleave, they are as if each had come after the other.
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { MemoryContent, openMemoryStore } from '../memory/memory-store.fixture.ts';
import { makeSqlitePlace } from '../sqlite/sqlite-place.fixture.ts';
import { inTestSealer } from './in-test-sealer.fixture.ts';
import type { Change, Head } from './records.ts';
import { openWorker, put, remove, type Worker } from './worker.fixture.ts';

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
