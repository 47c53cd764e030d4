// Searches of a long log by the product's own means: `strongroom audit search`, a process each time, and the row of the API in a process that
// does nothing else. For the first one of each the index is not in the page cache.
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { places } from '../../src/deployment/data-layout.ts';
import { indexPlace } from '../../src/features/audit/index/index-file.ts';
import { openEntries } from '../../src/features/audit/read-entries.ts';
import { TILE_WIDTH } from '../../src/formats/tlog-tiles.ts';
import { watchDisturbance } from '../machine/disturbance.ts';
import { environment } from '../machine/environment.ts';
import { INSTANCE } from '../product/product.ts';
import type { SearchOptions } from './arguments.ts';
import { dropFromCache, rawReading } from './index-bytes.ts';
import { questionsOf } from './questions.ts';
import type { QuestionResults, SearchResults, Times } from './results.ts';
import { byCommand, byService, eventLoopHeld } from './ways.ts';
import { writeBundles } from './write-log.ts';

/** Entries are written, and what was written is told of, for so long. */
const WRITE_MS = 5_000;

export async function runSearchBench(
  { entries: asked, rounds, names, folder }: SearchOptions,
  progress: (text: string) => void,
): Promise<SearchResults> {
  const entries = asked - (asked % TILE_WIDTH);
  const root = folder ?? mkdtempSync(join(tmpdir(), 'strongroom-bench-search-'));
  const at = places(join(root, 'data'));
  const { audit: log } = at.instance(INSTANCE);
  try {
    if (openEntries(log).size !== entries) {
      rmSync(log, { recursive: true, force: true });
      rmSync(at.index, { recursive: true, force: true });
      for (let next: number | undefined = 0; next !== undefined; next = writeBundles(log, entries, next, WRITE_MS)) {
        progress(`${next * TILE_WIDTH} of ${entries} entries written`);
      }
    }
    mkdirSync(at.index, { recursive: true, mode: 0o700 });
    const isNew = readdirSync(at.index).length === 0;
    progress(isNew ? 'the index is made' : 'the index is brought up to the log');
    const build = await byCommand(at.root, {});
    const { path } = indexPlace(at.index, log);
    const rawMs = rawReading(path);
    const watch = watchDisturbance();
    let isCold = true;
    const timed = async (ask: () => Promise<{ readonly ms: number }>): Promise<Times> => {
      isCold &&= dropFromCache(path);
      const { ms: coldMs } = await ask();
      const warmMs: number[] = [];
      for (let round = 0; round < rounds; round++) warmMs.push((await ask()).ms);
      return { coldMs, warmMs };
    };
    const questions: QuestionResults[] = [];
    for (const { name, filter, finds } of questionsOf(entries).filter((each) => names.includes(each.name))) {
      progress(name);
      const found = { command: 0, service: 0 };
      const command = await timed(async () => {
        const asked = await byCommand(at.root, filter);
        found.command = asked.found;
        return asked;
      });
      const held = eventLoopHeld();
      const service = await timed(async () => {
        const asked = await byService(log, at.index, filter);
        found.service = asked.found;
        return asked;
      });
      questions.push({ name, finds, found, command, service: { ...service, heldMs: held() } });
    }
    return {
      environment: environment(),
      entries,
      indexBytes: statSync(path).size,
      ...(isNew ? { build } : {}),
      rawMs,
      isCold,
      questions,
      disturbance: watch.end(),
    };
  } finally {
    if (folder === undefined) rmSync(root, { recursive: true, force: true });
  }
}
