// The entries of a test instance's log, read from its files as an operator would.
import { join } from 'node:path';
import { openEntries } from '../../src/features/audit/read-entries.ts';

export type LoggedEntry = Readonly<Record<string, unknown>>;

export function readEntries({ folder }: { readonly folder: string }): readonly LoggedEntry[] {
  const entries = openEntries(join(folder, 'instances', 'test', 'audit'));
  return [...entries.from(0)].map(({ text }) => JSON.parse(text) as LoggedEntry);
}
