// Checks every hash tile of a log against the hashes computed from its entries, level by level.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { HASH_LENGTH, rootOf } from '../../../formats/merkle.ts';
import { TILE_WIDTH, tilePath, tileWidth } from '../../../formats/tlog-tiles.ts';
import type { PublishedTiles } from './check-bundles.ts';
import type { Findings } from './findings.ts';
import { isFull, type TileFile } from './list-files.ts';

export function publishedTiles(folder: string, tiles: readonly TileFile[]): PublishedTiles {
  const widest = new Map<string, TileFile>();
  // Sorted by width, so the widest comes last.
  for (const tile of tiles) widest.set(`${tile.level}/${tile.index}`, tile);
  return (level, index) => {
    const tile = widest.get(`${level}/${index}`);
    if (tile === undefined) return undefined;
    const bytes = readFileSync(join(folder, tile.path));
    return bytes.length === tile.width * HASH_LENGTH ? cut(bytes) : undefined;
  };
}

/**
 * Compares the tiles of one level. `hashes` are that level's, computed; returns those of the level above.
 * @param isOwed whether a crash may have come before the full tile that ends at this entry was put in place
 */
export function checkTiles(
  folder: string,
  tiles: readonly TileFile[],
  level: number,
  hashes: readonly Buffer[],
  { size, isOwed }: { readonly size: number; readonly isOwed: (end: number) => boolean },
  findings: Findings,
): Buffer[] {
  const perHash = TILE_WIDTH ** level;
  const here = tiles.filter((tile) => tile.level === level);
  const there = new Set(here.filter(isFull).map(({ index }) => index));
  for (const { path: file, index, width } of here) {
    const first = index * TILE_WIDTH;
    if (tileWidth(size, level, index) < width) {
      const entry = (first + tileWidth(size, level, index)) * perHash;
      findings.add({ file, entry, what: `the tile covers entries that are missing` });
    }
    const bytes = readFileSync(join(folder, file));
    if (bytes.length !== width * HASH_LENGTH) {
      const what = `the tile has ${bytes.length} bytes instead of ${width * HASH_LENGTH}`;
      findings.add({ file, entry: first * perHash, offset: Math.min(bytes.length, width * HASH_LENGTH), what });
    }
    for (const [i, hash] of cut(bytes).slice(0, width).entries()) {
      const computed = hashes[first + i];
      if (computed === undefined || computed.equals(hash)) continue;
      const what = level === 0 ? 'the hash is not that of the entry' : 'the hash is not that of the entries below it';
      findings.add({ file, entry: (first + i) * perHash, offset: i * HASH_LENGTH, what });
      break;
    }
  }
  const above: Buffer[] = [];
  for (let first = 0; first + TILE_WIDTH <= hashes.length; first += TILE_WIDTH) {
    const index = first / TILE_WIDTH;
    above.push(rootOf(hashes, first, first + TILE_WIDTH));
    if (!there.has(index) && !isOwed((first + TILE_WIDTH) * perHash)) {
      findings.add({ file: tilePath(level, index), entry: first * perHash, what: 'the tile is missing' });
    }
  }
  return above;
}

function cut(bytes: Buffer): Buffer[] {
  const count = Math.floor(bytes.length / HASH_LENGTH);
  return Array.from({ length: count }, (_, i) => bytes.subarray(i * HASH_LENGTH, (i + 1) * HASH_LENGTH));
}
