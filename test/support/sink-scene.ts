// What a sink has received beside the log that was sent to it.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { Places } from '../../src/deployment/data-layout.ts';
import { openEntries } from '../../src/features/audit/read-entries.ts';
import { readStatuses } from '../../src/watcher/sinks/sink-status.ts';
import { findLogs } from '../../src/watcher/watched-logs.ts';

export interface ReceivedEntry {
  readonly log: string;
  readonly index: number;
  readonly text: string;
}

/** Of a file of a sink: what is no whole line counts for nothing. */
export function linesOf(path: string): readonly ReceivedEntry[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .flatMap((line) => {
      const [, log, index, text] = /^\{"log":"([^"]+)","index":(\d+),"entry":(\{.*\})\}$/.exec(line) ?? [];
      return log === undefined || index === undefined || text === undefined
        ? []
        : [{ log, index: Number(index), text }];
    });
}

/** Resolves once every log has been sent to these sinks as far as it went when this was asked. */
export async function untilSent(places: Places, names: readonly string[], sinks: readonly string[]): Promise<void> {
  const wanted = findLogs(places, names).map(({ origin, folder }) => ({ origin, size: openEntries(folder).size }));
  await until(() => {
    const statuses = readStatuses(places, Date.now());
    return sinks.every((name) =>
      wanted.every(({ origin, size }) =>
        statuses.some(({ sink, origin: of, next }) => sink === name && of === origin && next >= size),
      ),
    );
  });
}

export async function until(holds: () => boolean): Promise<void> {
  for (const end = performance.now() + 240_000; !holds(); await delay(100)) {
    assert.ok(performance.now() < end, 'it does not come to that');
  }
}

/** Each entry of each log as it stands there, in whatever order, some more than once. */
export function assertWhole(received: readonly ReceivedEntry[], places: Places, names: readonly string[]): void {
  const got = new Map(received.map(({ log, index, text }) => [`${log} ${index}`, text]));
  for (const { origin, folder } of findLogs(places, names)) {
    const known = [...got.keys()].filter((key) => key.startsWith(`${origin} `)).length;
    const entries = [...openEntries(folder).from(0)].slice(0, known);
    assert.ok(entries.length > 0, `nothing of ${origin} arrived`);
    for (const { index, text } of entries) assert.equal(got.get(`${origin} ${index}`), text, `${origin} ${index}`);
  }
}
