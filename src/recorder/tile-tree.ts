// The log's Merkle tree as the recorder grows it: its root, and the hashes of the tiles at its right edge. Knows no
// files; a tile that fills is handed out.
import { CompactRange, HASH_LENGTH } from '../formats/merkle.ts';
import { TILE_WIDTH } from '../formats/tlog-tiles.ts';

/** Called with each tile that became full, lower levels first; the bytes are written over afterwards. */
export type OnTile = (level: number, index: number, tile: Buffer) => void;

export interface PartialTile {
  readonly level: number;
  readonly index: number;
  readonly width: number;
  readonly tile: Buffer;
}

/** Levels whose tiles join 2^8 of the level below. */
const TILE_HEIGHT = 8;

export class TileTree {
  readonly #onTile: OnTile;
  readonly #range = new CompactRange();
  /** Per level, the hashes of its last tile; how many of them count follows from the size. */
  readonly #edge: Buffer[] = [];
  /** Roots of tiles that the leaf in hand has filled; placed after the leaf itself stands in its own tile. */
  #completed: { level: number; root: Buffer }[] = [];

  constructor(onTile: OnTile) {
    this.#onTile = onTile;
  }

  get size(): number {
    return this.#range.size;
  }

  root(): Buffer {
    return this.#range.root();
  }

  /** Appends a leaf, or at level L > 0 a full tile's root, for a tree that is rebuilt from its tiles. */
  push(hash: Buffer, level = 0): void {
    this.#range.push(hash, this.#onSubtree, level * TILE_HEIGHT);
    this.#place(level, hash);
    if (this.#completed.length === 0) return;
    for (const { level: above, root } of this.#completed) this.#place(above, root);
    this.#completed = [];
  }

  /** The tiles at the right edge that are begun and not full. */
  partialTiles(): PartialTile[] {
    return this.#edge.flatMap((hashes, level) => {
      const position = Math.floor(this.size / TILE_WIDTH ** level);
      const width = position % TILE_WIDTH;
      if (width === 0) return [];
      const tile = Buffer.from(hashes.subarray(0, width * HASH_LENGTH));
      return [{ level, index: Math.floor(position / TILE_WIDTH), width, tile }];
    });
  }

  #onSubtree = (height: number, root: Buffer): void => {
    if (height % TILE_HEIGHT === 0) this.#completed.push({ level: height / TILE_HEIGHT, root });
  };

  #place(level: number, hash: Buffer): void {
    while (this.#edge.length <= level) this.#edge.push(Buffer.alloc(TILE_WIDTH * HASH_LENGTH));
    const edge = this.#edge[level] as Buffer;
    const position = Math.ceil(this.size / TILE_WIDTH ** level) - 1;
    hash.copy(edge, (position % TILE_WIDTH) * HASH_LENGTH);
    if (position % TILE_WIDTH === TILE_WIDTH - 1) {
      this.#onTile(level, Math.floor(position / TILE_WIDTH), edge);
    }
  }
}
