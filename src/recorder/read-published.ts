// The published part of the log as the recorder needs it at start: the tree up to a full bundle, roots of earlier
// sizes, and the checkpoint. Not the verifier, which reads everything and trusts none of this.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { nodeHash, rootOf } from '../formats/merkle.ts';
import { NoteError } from '../formats/signed-note.ts';
import { type Checkpoint, parseCheckpoint } from '../formats/tlog-checkpoint.ts';
import { bundleEntries, TILE_WIDTH, tileHashes, tilePath } from '../formats/tlog-tiles.ts';
import { LogDamaged } from './read-journal.ts';
import type { TileTree } from './tile-tree.ts';

export interface StoredCheckpoint {
  readonly text: string;
  readonly checkpoint: Checkpoint;
}

/** @throws LogDamaged when it does not parse or is another log's */
export function readCheckpoint(folder: string, origin: string): StoredCheckpoint | undefined {
  const path = join(folder, 'checkpoint');
  if (!existsSync(path)) return undefined;
  const text = readFileSync(path, 'utf8');
  try {
    const { checkpoint } = parseCheckpoint(text);
    if (checkpoint.origin !== origin) throw new LogDamaged(`${path} belongs to the log ${checkpoint.origin}`);
    return { text, checkpoint };
  } catch (error) {
    if (error instanceof NoteError) throw new LogDamaged(`${path}: ${error.message}`, { cause: error });
    throw error;
  }
}

/** Whether bundle `index` is published in full. */
export function hasBundle(folder: string, index: number): boolean {
  return existsSync(join(folder, tilePath('entries', index)));
}

/** Hashes of a full tile. @throws LogDamaged */
function readTile(folder: string, level: number, index: number): Buffer[] {
  const path = join(folder, tilePath(level, index));
  try {
    return tileHashes(readFileSync(path), TILE_WIDTH);
  } catch (cause) {
    throw new LogDamaged(`${path} cannot be read as a full tile`, { cause });
  }
}

/** Entries of a full bundle. @throws LogDamaged */
export function readBundle(folder: string, index: number): Buffer[] {
  const path = join(folder, tilePath('entries', index));
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (cause) {
    throw new LogDamaged(`${path} cannot be read`, { cause });
  }
  const { entries, end } = bundleEntries(bytes);
  if (entries.length !== TILE_WIDTH || end !== bytes.length) throw new LogDamaged(`${path} is not a full bundle`);
  return entries.map(({ entry }) => entry);
}

/** Grows an empty tree to `bundles` full bundles from the tiles on disk. */
export function growFromTiles(tree: TileTree, folder: string, bundles: number): void {
  for (let level = topLevel(bundles); level >= 1; level--) {
    const perHash = TILE_WIDTH ** (level - 1);
    const hashes = Math.floor(bundles / perHash);
    const first = hashes - (hashes % TILE_WIDTH);
    for (let i = first; i < hashes; i++) tree.push(rootOf(readTile(folder, level - 1, i)), level);
  }
}

function topLevel(bundles: number): number {
  let level = 1;
  while (bundles >= TILE_WIDTH ** level) level += 1;
  return level;
}

/** Root of the tree of the first `size` entries, all of which must be in full tiles of level 0. */
export function rootFromTiles(folder: string, size: number): Buffer {
  let root: Buffer | undefined;
  for (let level = 0, hashes = size; hashes > 0; level++, hashes = Math.floor(hashes / TILE_WIDTH)) {
    const width = hashes % TILE_WIDTH;
    const first = hashes - width;
    const edge = level === 0 ? readTile0(folder, first, width) : readRoots(folder, level, first, width);
    // Full subtrees at the right edge, smallest first.
    for (let end = width; end > 0; end &= end - 1) {
      const start = end & (end - 1);
      const subtree = rootOf(edge, start, end);
      root = root === undefined ? subtree : nodeHash(subtree, root);
    }
  }
  return root ?? rootOf([]);
}

function readTile0(folder: string, first: number, width: number): Buffer[] {
  return width === 0 ? [] : readTile(folder, 0, first / TILE_WIDTH).slice(0, width);
}

function readRoots(folder: string, level: number, first: number, width: number): Buffer[] {
  return Array.from({ length: width }, (_, i) => rootOf(readTile(folder, level - 1, first + i)));
}

/** Whether the file holds exactly these bytes. */
export function holds(path: string, bytes: Buffer): boolean {
  try {
    return readFileSync(path).equals(bytes);
  } catch {
    // Not there, or not readable: then it does not hold them.
    return false;
  }
}
