// A commit whose outcome is known wherever it can be: a store may fail after it made the commit durable.
import { Buffer } from 'node:buffer';
import type { Row, Store } from '../port.ts';
import type { Prepared } from './prepare-commit.ts';

/** @throws StoreError: the commit did not happen, or nobody can tell now */
export async function commitWithOutcome(store: Store, { guards, writes }: Prepared): Promise<'committed' | 'conflict'> {
  try {
    return await store.commit(guards, writes);
  } catch (error) {
    // Rows of a commit come together, so one of them tells; sealed bytes are never the same twice.
    const sealed = writes.find((row) => row.value !== null);
    if (sealed !== undefined && (await isThere(store, sealed))) return 'committed';
    throw error;
  }
}

async function isThere(store: Store, row: Row): Promise<boolean> {
  try {
    const found = await store.read(row.key);
    if (!found?.value || row.value === null) return false;
    return found.revision === row.revision && Buffer.compare(found.value, row.value) === 0;
  } catch {
    // The failure of the commit is what the caller hears of.
    return false;
  }
}
