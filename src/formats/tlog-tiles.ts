// Paths and contents of C2SP tlog-tiles: hash tiles of 256 hashes, entry bundles of 256 length-prefixed entries, and
// their partial forms at the right edge of the tree.
import { HASH_LENGTH } from './merkle.ts';

/** Hashes in a full tile, entries in a full bundle. */
export const TILE_WIDTH = 256;
/** Bytes of the largest entry: its length is a 16-bit number. */
export const MAX_ENTRY = 0xffff;

export type TileLevel = number | 'entries';

/** `tile/<L>/<N>`, with `.p/<W>` when it is narrower than full. */
export function tilePath(level: TileLevel, index: number, width: number = TILE_WIDTH): string {
  if (!Number.isSafeInteger(index) || index < 0 || width < 1 || width > TILE_WIDTH) {
    throw new RangeError('no such tile');
  }
  let digits = String(index);
  digits = digits.padStart(Math.ceil(digits.length / 3) * 3, '0');
  const groups = digits.match(/\d{3}/g) as string[];
  const last = groups.pop() as string;
  const folders = groups.map((group) => `x${group}/`).join('');
  return `tile/${level}/${folders}${last}${width === TILE_WIDTH ? '' : `.p/${width}`}`;
}

/** Reads a path back; undefined when it is not exactly what `tilePath` writes. */
export function parseTilePath(path: string): { level: TileLevel; index: number; width: number } | undefined {
  const match = /^tile\/(entries|0|[1-9]\d?)\/((?:x\d{3}\/)*\d{3})(?:\.p\/([1-9]\d{0,2}))?$/.exec(path);
  if (match === null) return undefined;
  const level = match[1] === 'entries' ? 'entries' : Number(match[1]);
  const index = Number((match[2] as string).replaceAll(/[x/]/g, ''));
  const width = match[3] === undefined ? TILE_WIDTH : Number(match[3]);
  if (!Number.isSafeInteger(index) || width > TILE_WIDTH) return undefined;
  return tilePath(level, index, width) === path ? { level, index, width } : undefined;
}

/** How many hashes of `level` a tree of `size` leaves has in tile `index`: 0 to 256. */
export function tileWidth(size: number, level: number, index: number): number {
  const hashes = Math.floor(size / TILE_WIDTH ** level);
  return Math.max(0, Math.min(TILE_WIDTH, hashes - index * TILE_WIDTH));
}

/** Cuts a hash tile. @throws RangeError when its length is not that of `width` hashes */
export function tileHashes(tile: Buffer, width: number): Buffer[] {
  if (tile.length !== width * HASH_LENGTH)
    throw new RangeError(`a tile of ${width} hashes has ${width * HASH_LENGTH} bytes`);
  return Array.from({ length: width }, (_, i) => tile.subarray(i * HASH_LENGTH, (i + 1) * HASH_LENGTH));
}

/** An entry of a bundle and where its length field stands. */
export interface BundleEntry {
  readonly offset: number;
  readonly entry: Buffer;
}

/** Cuts a bundle as far as it reads: stops where an entry is cut off. The caller compares the count and the end. */
export function bundleEntries(bundle: Buffer): { readonly entries: BundleEntry[]; readonly end: number } {
  const entries: BundleEntry[] = [];
  let at = 0;
  while (at + 2 <= bundle.length) {
    const end = at + 2 + bundle.readUInt16BE(at);
    if (end > bundle.length) break;
    entries.push({ offset: at, entry: bundle.subarray(at + 2, end) });
    at = end;
  }
  return { entries, end: at };
}
