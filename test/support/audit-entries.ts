// The entries of a test instance's log, read from its files as an operator would.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { openEntries } from '../../src/features/audit/read-entries.ts';

export type LoggedEntry = Readonly<Record<string, unknown>>;

export function readEntries({ folder }: { readonly folder: string }): readonly LoggedEntry[] {
  const entries = openEntries(join(folder, 'instances', 'test', 'audit'));
  return [...entries.from(0)].map(({ text }) => JSON.parse(text) as LoggedEntry);
}

/** The entry of a job's end, which clients see as soon as it is committed; its entry follows. */
export async function endOnRecord(
  instance: { readonly folder: string },
  operationName: string,
  jobId: string,
): Promise<LoggedEntry> {
  for (const givenUp = performance.now() + 90_000; ; await delay(10)) {
    const entry = readEntries(instance).find(
      (each) => each['operationName'] === operationName && String(each['resultDescription']).includes(jobId),
    );
    if (entry !== undefined) return entry;
    assert.ok(performance.now() < givenUp, `no ${operationName} of ${jobId} is on record`);
  }
}
