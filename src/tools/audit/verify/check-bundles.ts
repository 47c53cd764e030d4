// Reads the entries of a log in order, from its full bundles and then from its journal and last partial bundle, and
// checks that places which hold the same entry agree.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { leafHash, rootOf } from '../../../formats/merkle.ts';
import { bundleEntries, TILE_WIDTH, tilePath } from '../../../formats/tlog-tiles.ts';
import type { Journal } from './check-journal.ts';
import type { Findings } from './findings.ts';
import { isFull, type TileFile } from './list-files.ts';

export interface Bundle {
  readonly entries: readonly Buffer[];
  /** Hashes of its entries; those of its tile where the tile is right and the bundle is not. */
  readonly leaves: readonly Buffer[];
}

/** Hashes of a tile as it stands on disk: the full one, else the widest partial one. */
export type PublishedTiles = (level: number, index: number) => readonly Buffer[] | undefined;

/** All entries as bundles, the last of them possibly not full. */
export function* readBundles(
  folder: string,
  tiles: readonly TileFile[],
  journal: Journal,
  published: PublishedTiles,
  findings: Findings,
): Generator<Bundle> {
  const bundles = tiles.filter(({ level }) => level === 'entries');
  const full = new Set(bundles.filter(isFull).map(({ index }) => index));
  // More keys than a call can have arguments.
  const lastInJournal = [...journal.entries.keys()].reduce((last, index) => Math.max(last, index), -1);
  const last = Math.max(...bundles.map(({ index }) => index), Math.floor(lastInJournal / TILE_WIDTH));
  for (let index = 0; index <= last; index++) {
    const { entries, leaves } = full.has(index) ? readFull(index) : readFromJournal(index);
    for (const file of bundles) if (file.index === index && !isFull(file)) comparePartial(file, entries);
    if (leaves.length > 0) yield { entries, leaves };
    if (leaves.length < TILE_WIDTH) {
      // What comes after a gap has no known place in the tree.
      if (index < last && !full.has(index)) {
        const missing = index * TILE_WIDTH + leaves.length;
        findings.add({ file: tilePath('entries', index), entry: missing, what: 'the bundle is missing' });
      }
      return;
    }
  }

  function readFull(index: number): Bundle {
    const file = tilePath('entries', index);
    const bytes = readFileSync(join(folder, file));
    const { entries, end } = bundleEntries(bytes);
    const first = index * TILE_WIDTH;
    const hashes = published(0, index);
    const parent = published(1, Math.floor(index / TILE_WIDTH))?.[index % TILE_WIDTH];
    // Where both levels of tiles agree they are right, and the bundle is what differs.
    const tileIsRight = hashes?.length === TILE_WIDTH && parent !== undefined && rootOf(hashes).equals(parent);
    const kept = entries.slice(0, TILE_WIDTH);
    for (const [i, { offset, entry }] of kept.entries()) {
      const hash = hashes?.[i];
      if (!tileIsRight || hash === undefined || leafHash(entry).equals(hash)) continue;
      const what = `the entry does not have the hash in ${tilePath(0, index)}`;
      findings.add({ file, entry: first + i, offset, what });
      break;
    }
    for (const [i, { offset, entry }] of kept.entries()) {
      const record = journal.entries.get(first + i);
      if (record === undefined || record.entry.equals(entry)) continue;
      findings.add({ file, entry: first + i, offset, what: `the entry differs from the one in ${record.file}` });
      break;
    }
    if (entries.length < TILE_WIDTH) {
      const what = `the bundle ends after ${entries.length} of ${TILE_WIDTH} entries`;
      findings.add({ file, entry: first + entries.length, offset: end, what });
    } else if (entries.length > TILE_WIDTH || end !== bytes.length) {
      const offset = entries[TILE_WIDTH]?.offset ?? end;
      findings.add({ file, entry: first + TILE_WIDTH - 1, offset, what: 'bytes follow the last entry of the bundle' });
    }
    const whole = kept.map(({ entry }) => entry);
    return { entries: whole, leaves: tileIsRight ? hashes : whole.map((entry) => leafHash(entry)) };
  }

  function readFromJournal(index: number): Bundle {
    const entries: Buffer[] = [];
    for (let i = index * TILE_WIDTH; i < (index + 1) * TILE_WIDTH; i++) {
      const record = journal.entries.get(i);
      if (record === undefined) break;
      entries.push(record.entry);
    }
    return { entries, leaves: entries.map((entry) => leafHash(entry)) };
  }

  /** A partial bundle must be the beginning of what the journal has; where the journal has less, entries were lost. */
  function comparePartial({ path: file, index, width }: TileFile, entries: readonly Buffer[]): void {
    const bytes = readFileSync(join(folder, file));
    const partial = bundleEntries(bytes);
    for (let i = 0; i < width; i++) {
      const there = partial.entries[i];
      const known = entries[i];
      const entry = index * TILE_WIDTH + i;
      if (there === undefined) {
        findings.add({ file, entry, offset: partial.end, what: `the bundle ends after ${i} of ${width} entries` });
        return;
      }
      if (known === undefined) {
        findings.add({ file: 'journal', entry, what: `the entry is missing; ${file} has it` });
        return;
      }
      if (!there.entry.equals(known)) {
        const place = journal.entries.get(entry)?.file ?? tilePath('entries', index);
        findings.add({ file, entry, offset: there.offset, what: `the entry differs from the one in ${place}` });
        return;
      }
    }
    if (partial.entries.length > width || partial.end !== bytes.length) {
      const offset = partial.entries[width]?.offset ?? partial.end;
      const entry = index * TILE_WIDTH + width - 1;
      findings.add({ file, entry, offset, what: 'bytes follow the last entry of the bundle' });
    }
  }
}
