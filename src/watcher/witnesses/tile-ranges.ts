// Roots of ranges of a log's tree, from the tiles that lie beside its checkpoint: what a proof is made of, without reading an entry.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RangeRoot } from '../../formats/consistency-proof.ts';
import { HASH_LENGTH, nodeHash, rootOf, splitPoint } from '../../formats/merkle.ts';
import { TILE_WIDTH, tilePath, tileWidth } from '../../formats/tlog-tiles.ts';

/** Levels whose tiles join 2^8 of the level below. */
const TILE_HEIGHT = 8;

/** A tile that the tree has is not there any more: it was replaced by a wider one meanwhile, or somebody took it away. */
export class TileMissing extends Error {
  override readonly name = 'TileMissing';
}

/** @param size of the tree that the log's checkpoint names */
export function rangeRoots(folder: string, size: number): RangeRoot {
  const read = new Map<string, Buffer[]>();
  const hashesOf = (level: number, index: number): Buffer[] => {
    const at = `${level}/${index}`;
    const known = read.get(at) ?? readTile(folder, level, index, tileWidth(size, level, index));
    read.set(at, known);
    return known;
  };
  const rangeRoot: RangeRoot = (start, end) => {
    const count = end - start;
    const height = Math.round(Math.log2(count));
    if (count === 0 || 2 ** height !== count || start % count !== 0) {
      if (count === 0) return rootOf([]);
      const middle = start + splitPoint(count);
      return nodeHash(rangeRoot(start, middle), rangeRoot(middle, end));
    }
    // A full subtree: roots of full subtrees of one level, all in one tile.
    const level = Math.floor(height / TILE_HEIGHT);
    const first = start / TILE_WIDTH ** level;
    const index = Math.floor(first / TILE_WIDTH);
    const from = first - index * TILE_WIDTH;
    return rootOf(hashesOf(level, index), from, from + count / TILE_WIDTH ** level);
  };
  return rangeRoot;
}

/** At least `width` hashes. @throws TileMissing */
function readTile(folder: string, level: number, index: number, width: number): Buffer[] {
  for (const path of [tilePath(level, index), ...partials(folder, level, index, width)]) {
    let bytes: Buffer;
    try {
      bytes = readFileSync(join(folder, path));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      continue;
    }
    if (bytes.length < width * HASH_LENGTH) continue;
    return Array.from({ length: width }, (_, i) => bytes.subarray(i * HASH_LENGTH, (i + 1) * HASH_LENGTH));
  }
  throw new TileMissing(`${tilePath(level, index)} is not there, nor a part of it with ${width} hashes`);
}

/** Those that are wide enough, the narrowest first. */
function partials(folder: string, level: number, index: number, width: number): readonly string[] {
  const below = join(folder, `${tilePath(level, index)}.p`);
  const widths = existsSync(below) ? readdirSync(below).map(Number) : [];
  return widths
    .filter((each) => Number.isInteger(each) && each >= width && each < TILE_WIDTH)
    .sort((a, b) => a - b)
    .map((each) => tilePath(level, index, each));
}
