// A temporary folder with a store in it, for tests.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StorePath } from '../store.contract.ts';
import { openSqliteStore } from './sqlite-store.ts';

export async function makeSqlitePlace(): Promise<StorePath & { readonly folder: string; readonly file: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'strongroom-store-'));
  return {
    folder,
    file: join(folder, 'store.db'),
    open: () => openSqliteStore({ folder }),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}
