// Writes what the journal holds as tiles, bundles and checkpoints, in the order in which they fill. Behind the journal:
// whatever is not published yet can be made again from it. Only making it durable is waited for, and not by any entry.
import { dirname, join } from 'node:path';
import { MAX_ENTRY, TILE_WIDTH, type TileLevel, tilePath } from '../formats/tlog-tiles.ts';
import { type Disk, placeFile, replaceFile, syncPath } from './disk.ts';

export interface PartialFile {
  readonly path: string;
  readonly bytes: Buffer;
}

/** Files that are synced at once: the disk is the journal's first of all. */
const SYNCED_AT_ONCE = 4;

export class Publisher {
  readonly #disk: Disk;
  readonly #folder: string;
  /** What the disk did not take; nothing that filled later is placed before it. */
  #refused: PartialFile[] = [];
  #flushing: Promise<void> = Promise.resolve();
  /** Files in place that are not yet made durable, still open. */
  #placed: (readonly [path: string, fd: number])[] = [];
  /** Folders that are known to be there. */
  readonly #folders = new Set<string>();
  /** Folders with the partial forms of tiles that are full now. */
  #outgrown: string[] = [];
  /** Partial files of the last two checkpoints: readers may be between the two. */
  #partials: [readonly string[], readonly string[]] = [[], []];

  constructor(disk: Disk, folder: string) {
    this.#disk = disk;
    this.#folder = folder;
  }

  /**
   * Takes a full tile or bundle, which is in place when this returns; of a disk that refuses, when it is flushed.
   * @param bytes the caller may write over them afterwards
   */
  add(level: TileLevel, index: number, bytes: Buffer): void {
    const file = { path: tilePath(level, index), bytes };
    try {
      if (this.#refused.length === 0) return this.#place(file);
    } catch {
      // Tried again, and told, by the next flush.
    }
    this.#refused.push({ ...file, bytes: Buffer.from(bytes) });
  }

  /** Everything taken before the call is in place and durable when it resolves. @throws what the disk said */
  flush(): Promise<void> {
    return this.#inTurn(() => this.#flush());
  }

  /** A flush removes the folders that a checkpoint would write into. */
  async #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#flushing.then(work);
    this.#flushing = turn.catch(() => {
      // Told to the caller of that turn; the next one tries again.
    });
    await turn;
  }

  async #flush(): Promise<void> {
    for (let next = this.#refused[0]; next !== undefined; next = this.#refused[0]) {
      this.#place(next);
      this.#refused.shift();
    }
    const placed = [...this.#placed];
    for (let i = 0; i < placed.length; i += SYNCED_AT_ONCE) {
      await Promise.all(placed.slice(i, i + SYNCED_AT_ONCE).map(([, fd]) => this.#disk.sync(fd)));
    }
    for (const folder of foldersAbove(placed.map(([path]) => path))) {
      await syncPath(this.#disk, join(this.#folder, folder));
    }
    this.#placed = this.#placed.slice(placed.length);
    for (const [, fd] of placed) this.#disk.close(fd);
    for (let path = this.#outgrown[0]; path !== undefined; path = this.#outgrown[0]) {
      await this.#disk.remove(join(this.#folder, path));
      this.#outgrown.shift();
    }
  }

  /** Full tiles first, then the partial ones, then the checkpoint that names them all. */
  checkpoint(note: string, partials: readonly PartialFile[]): Promise<void> {
    return this.#inTurn(() => this.#checkpoint(note, partials));
  }

  async #checkpoint(note: string, partials: readonly PartialFile[]): Promise<void> {
    await this.#flush();
    for (const { path, bytes } of partials) {
      await replaceFile(this.#disk, join(this.#folder, path), bytes);
      this.#folders.add(dirname(path));
    }
    await replaceFile(this.#disk, join(this.#folder, 'checkpoint'), Buffer.from(note));
    const [older, previous] = this.#partials;
    const current = partials.map(({ path }) => path);
    this.#partials = [previous, current];
    for (const path of older) {
      if (!previous.includes(path) && !current.includes(path)) await this.#disk.remove(join(this.#folder, path));
    }
  }

  #place({ path, bytes }: PartialFile): void {
    const folder = dirname(path);
    if (!this.#folders.has(folder)) this.#disk.makeFolder(join(this.#folder, folder));
    this.#folders.add(folder);
    this.#placed.push([path, placeFile(this.#disk, join(this.#folder, path), bytes)]);
    const partials = `${path}.p`;
    if (this.#folders.delete(partials)) this.#outgrown.push(partials);
  }
}

/** The folders of the files, and all that hold them, up to the log's own, so that every new name becomes durable. */
function foldersAbove(paths: readonly string[]): Set<string> {
  const all = new Set<string>();
  for (const path of paths) {
    for (let at = dirname(path); at !== '.'; at = dirname(at)) all.add(at);
  }
  if (paths.length > 0) all.add('.');
  return all;
}

/** Collects entries into the bytes of a bundle. */
export class BundleBuilder {
  #bytes = Buffer.allocUnsafeSlow(64 * 1024);
  #length = 0;
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** A copy of what stands so far. */
  get bytes(): Buffer {
    return Buffer.from(this.#bytes.subarray(0, this.#length));
  }

  /** Returns the bundle when this entry filled it, and begins the next, which will be written over it. */
  add(entry: Buffer): Buffer | undefined {
    if (entry.length > MAX_ENTRY) throw new RangeError('an entry has at most 65535 bytes');
    const end = this.#length + 2 + entry.length;
    if (end > this.#bytes.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(end, this.#bytes.length * 2));
      this.#bytes.copy(larger, 0, 0, this.#length);
      this.#bytes = larger;
    }
    this.#bytes.writeUInt16BE(entry.length, this.#length);
    this.#bytes.set(entry, this.#length + 2);
    this.#length = end;
    this.#count += 1;
    if (this.#count < TILE_WIDTH) return undefined;
    const bundle = this.#bytes.subarray(0, this.#length);
    this.#length = 0;
    this.#count = 0;
    return bundle;
  }
}
