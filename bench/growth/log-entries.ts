// Entries in the audit log. A log of a hundred million takes days to fill, so one is made that has of its tree only what a
// recorder reads at its start, the tiles at the right edge; the recorder that goes on from there is the real one, alone.

import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { HASH_LENGTH } from '../../src/formats/merkle.ts';
import { NO_HEAD } from '../../src/formats/named-head.ts';
import { TILE_WIDTH, tilePath } from '../../src/formats/tlog-tiles.ts';
import { openAuditLog } from '../../src/links/recorder/open-audit-log.ts';
import { realDisk } from '../../src/recorder/disk.ts';
import { Journal } from '../../src/recorder/journal.ts';
import { entryText, makePlace, ORIGIN, signCheckpoint, spawnRecorder } from '../../src/recorder/recorder.fixture.ts';
import { watchDisturbance } from '../machine/disturbance.ts';
import { memoryOf, processTimes } from '../machine/processes.ts';
import type { Axis, GrowthPoint } from './axis.ts';

const ENTRIES = 100_000;
const WARM_UP = 20_000;
const AT_ONCE = 64;
/** About as long as an entry of a sign. */
const FILLER = 800;

export const logEntriesAxis: Axis = {
  name: 'log-entries',
  along: 'entries in the audit log',
  scale: 'log',
  sizes: [10_000, 100_000, 1_000_000, 10_000_000, 100_000_000],
  least: TILE_WIDTH,
  most: 999_999_999,
  remark:
    'Simulated: the log has only the right edge of its tree, made of random hashes, and the recorder runs without the rest of the ' +
    `product. It takes ${ENTRIES.toLocaleString('en')} entries, ${AT_ONCE} at a time, each on the disk before the next.`,
  panels: [
    { title: 'Processor time of the recorder for an entry', unit: 'µs', scale: 'linear', lines: { entry: 'append' } },
    {
      title: 'Recorder started, until connected',
      unit: 'ms',
      scale: 'linear',
      lines: { start: 'clock', startCpu: 'processor time' },
    },
    { title: 'Memory of the recorder after them', unit: 'MiB PSS', scale: 'linear', lines: { memory: 'recorder' } },
  ],
  title: (times, first, last) =>
    `From ${first} to ${last} log entries, the next one costs the recorder ${times('entry')} the processor time, ` +
    `a start ${times('startCpu')}, and it has ${times('memory')} the memory`,
  async measure(sizes, progress) {
    const points: GrowthPoint[] = [];
    for (const size of sizes) {
      progress(`${size} entries`);
      points.push(await measureSize(size));
    }
    return points;
  },
};

async function measureSize(size: number): Promise<GrowthPoint> {
  using place = makePlace();
  await simulate(place.folder, Math.floor(size / TILE_WIDTH));
  const watch = watchDisturbance();
  const begin = performance.now();
  await using recorder = spawnRecorder(place);
  await using log = await openAuditLog({ socketPath: place.socketPath, signCheckpoint });
  const start = performance.now() - begin;
  const cpu = (): number => processTimes(recorder.child.pid ?? 0)?.ownMicros ?? Number.NaN;
  const startCpu = cpu() / 1000;
  const had = (await log.tree()).size;
  if (had !== size - (size % TILE_WIDTH)) throw new Error(`the recorder goes on from ${had} entries, not ${size}`);
  let next = 0;
  const append = async (upTo: number): Promise<void> => {
    while (next < upTo) await log.append(entryText('bench', next++, FILLER));
  };
  const appendAll = (upTo: number) => Promise.all(Array.from({ length: AT_ONCE }, () => append(upTo)));
  await appendAll(WARM_UP);
  const before = cpu();
  await appendAll(WARM_UP + ENTRIES);
  const entry = (cpu() - before) / ENTRIES;
  const memory = memoryOf(recorder.child.pid ?? 0);
  return {
    size,
    figures: { entry, start, startCpu, memory: (memory?.pssKiB ?? memory?.rssKiB ?? Number.NaN) / 1024 },
    disturbance: watch.end(),
  };
}

/** A log of so many full bundles, as far as a recorder looks at it. */
async function simulate(folder: string, bundles: number): Promise<void> {
  for (let hashes = bundles, level = 0; hashes > 0; hashes = Math.floor(hashes / TILE_WIDTH), level += 1) {
    for (let index = hashes - (hashes % TILE_WIDTH); index < hashes; index += 1) {
      const path = join(folder, tilePath(level, index));
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, randomBytes(TILE_WIDTH * HASH_LENGTH));
    }
  }
  const start = { origin: ORIGIN, first: bundles * TILE_WIDTH, newestHead: NO_HEAD, workers: [] };
  mkdirSync(folder, { recursive: true });
  const journal = await Journal.create(realDisk, { folder, segmentLength: 8 * 1024 * 1024 }, start);
  await journal[Symbol.asyncDispose]();
}
