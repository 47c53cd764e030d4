// The two ways to ask: the command, and the row of the API.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { text } from 'node:stream/consumers';
import type { GivenFilter } from '../../src/features/audit/index/filter.ts';
import { ReadingTurns } from '../../src/features/audit/reading-turns.ts';
import { auditRows } from '../../src/features/audit/rows.ts';
import type { RowRequest } from '../../src/http/route.ts';
import { memoryOf, processTimes } from '../machine/processes.ts';
import { CHECKOUT } from '../product/product.ts';
import { PAGE } from './results.ts';

const LOOK_EVERY_MS = 50;

/** @param data the data directory */
export async function byCommand(data: string, filter: GivenFilter) {
  const options = Object.entries({ data, last: String(PAGE), ...filter }).flatMap(([name, value]) => [
    `--${name}`,
    String(value),
  ]);
  const start = performance.now();
  const before = endedChildren();
  // Without a filter no index is looked at: from the beginning of time on is one.
  const given = Object.keys(filter).length === 0 ? ['--since', '1970-01-01T00:00:00Z'] : [];
  const child = spawn(join(CHECKOUT, 'strongroom'), ['audit', 'search', '--json', ...options, ...given], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let mostKiB = 0;
  const look = setInterval(() => {
    mostKiB = Math.max(mostKiB, memoryOf(child.pid ?? 0)?.rssKiB ?? 0);
  }, LOOK_EVERY_MS);
  const ended = once(child, 'exit');
  const lines = await text(child.stdout);
  const [code] = (await ended) as [number | null];
  clearInterval(look);
  if (code !== 0) throw new Error(`audit search ended with ${code}`);
  const ms = performance.now() - start;
  return { found: lines.split('\n').length - 1, ms, cpuMs: endedChildren() - before, mostKiB };
}

/** Milliseconds of processor time. */
function endedChildren(): number {
  const { withEndedMicros = 0, ownMicros = 0 } = processTimes(process.pid) ?? {};
  return (withEndedMicros - ownMicros) / 1000;
}

/** As a client that follows pages until it has as many as it wants. */
export async function byService(audit: string, index: string, filter: GivenFilter) {
  const report = (what: string, cause: unknown): void => {
    throw new Error(what, { cause });
  };
  const [row] = auditRows({
    places: { audit, index },
    readingTurns: new ReadingTurns(),
    indexWanted: () => undefined,
    report,
  });
  const start = performance.now();
  let found = 0;
  for (let token: string | null = ''; token !== null && found < PAGE; ) {
    const asked = { ...filter, maxresults: String(PAGE), ...(token === '' ? {} : { $skiptoken: token }) };
    const answer = await row?.handle({
      query: new Map(Object.entries(asked)),
      origin: 'https://bench',
      url: 'https://bench/strongroom/v1/audit',
      principal: { oid: 'bench' },
    } as unknown as RowRequest<unknown>);
    const { value, nextLink } = answer?.body as { readonly value: readonly unknown[]; readonly nextLink?: string };
    found += value.length;
    token = nextLink === undefined ? null : new URL(nextLink).searchParams.get('$skiptoken');
  }
  return { found: Math.min(found, PAGE), ms: performance.now() - start };
}

/** @returns what says how long the event loop has stood still since, at most: milliseconds */
export function eventLoopHeld(): () => number {
  const delays = monitorEventLoopDelay({ resolution: 1 });
  delays.enable();
  return () => {
    delays.disable();
    return delays.max / 1e6;
  };
}
