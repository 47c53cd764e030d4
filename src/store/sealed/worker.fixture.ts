// Records of one process with what a feature would hold of them, for tests of what several ask for at once.
import { Buffer } from 'node:buffer';
import { given } from '../../formats/given.ts';
import type { Store } from '../port.ts';
import { holding } from './follow-records.ts';
import type { InTestSealer } from './in-test-sealer.fixture.ts';
import { openRecords } from './open-records.ts';
import type { Change, HeadLog } from './records.ts';
import type { SealedRecords } from './sealed-records.ts';

export interface Worker extends AsyncDisposable {
  readonly records: SealedRecords;
  readonly held: Map<string, string>;
}

/** A record called `broken…` cannot be taken over. */
export async function openWorker(store: Store, sealer: InTestSealer, seen = 0, log?: HeadLog): Promise<Worker> {
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

export function put(name: string, value: string): Change {
  return { name, value: Buffer.from(value) };
}

export function remove(name: string): Change {
  return { name, value: null };
}

export function append({ held }: Worker, name: string, text: string): () => readonly Change[] {
  return () => [put(name, (held.get(name) ?? '') + text)];
}

/** Counts what it commits, and can hold a commit back or fail it. */
export function watched(store: Store) {
  const commit = store.commit.bind(store);
  const watch = { store, commits: 0, before: async (): Promise<void> => {} };
  store.commit = async (guards, writes) => {
    watch.commits += 1;
    await watch.before();
    return commit(guards, writes);
  };
  return watch;
}

export function reasonOf(result: PromiseSettledResult<unknown> | undefined): unknown {
  return (result as PromiseRejectedResult).reason;
}
