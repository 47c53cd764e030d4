// Writes what the journal holds as tiles, bundles and checkpoints, in the order in which they fill. Behind the journal
// and never in the way of an entry: whatever is not published yet can be made again from the journal.
import { dirname, join } from 'node:path';
import { MAX_ENTRY, TILE_WIDTH, type TileLevel, tilePath } from '../formats/tlog-tiles.ts';
import { type Disk, placeFile, replaceFile, syncPath } from './disk.ts';

interface Pending {
  readonly path: string;
  readonly bytes: Buffer;
  /** Folder of this tile's partial forms, which it replaces. */
  readonly partials: string;
}

export interface PartialFile {
  readonly path: string;
  readonly bytes: Buffer;
}

export class Publisher {
  readonly #disk: Disk;
  readonly #folder: string;
  #queue: Pending[] = [];
  /** How many were ever put into the queue. */
  #taken = 0;
  #working: Promise<void> | undefined;
  #flushing: Promise<void> = Promise.resolve();
  /** Files in place that are not yet made durable, still open. */
  #placed: (readonly [path: string, fd: number])[] = [];
  /** Folders that are known to be there. */
  readonly #folders = new Set<string>();
  /** Partial files of the last two checkpoints: readers may be between the two. */
  #partials: [readonly string[], readonly string[]] = [[], []];
  /** Why the queue did not empty the last time. */
  #failure: Error | undefined;

  constructor(disk: Disk, folder: string) {
    this.#disk = disk;
    this.#folder = folder;
  }

  /** Takes a full tile or bundle; it is written soon. */
  add(level: TileLevel, index: number, bytes: Buffer): void {
    const path = tilePath(level, index);
    this.#queue.push({ path, bytes, partials: `${path}.p` });
    this.#taken += 1;
    this.#start();
  }

  /** Everything taken before the call is in place and durable when it resolves. @throws what the disk said */
  async flush(): Promise<void> {
    const taken = this.#taken;
    const turn = this.#flushing.then(() => this.#flush(taken));
    this.#flushing = turn.catch(() => {
      // Told to the caller of that turn; the next one tries again.
    });
    await turn;
  }

  async #flush(taken: number): Promise<void> {
    while (this.#taken - this.#queue.length < taken) {
      const before = this.#queue.length;
      this.#start();
      await this.#working;
      if (this.#failure !== undefined && this.#queue.length >= before) throw this.#failure;
    }
    const placed = [...this.#placed];
    for (const [, fd] of placed) await this.#disk.sync(fd);
    for (const folder of foldersAbove(placed.map(([path]) => path))) {
      await syncPath(this.#disk, join(this.#folder, folder));
    }
    this.#placed = this.#placed.slice(placed.length);
    for (const [, fd] of placed) await this.#disk.close(fd);
  }

  /** Full tiles first, then the partial ones, then the checkpoint that names them all. */
  async checkpoint(note: string, partials: readonly PartialFile[]): Promise<void> {
    await this.flush();
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

  async #makeFolder(folder: string): Promise<void> {
    if (this.#folders.has(folder)) return;
    await this.#disk.makeFolder(join(this.#folder, folder));
    this.#folders.add(folder);
  }

  #start(): void {
    if (this.#working !== undefined || this.#queue.length === 0) return;
    this.#working = this.#work().finally(() => {
      this.#working = undefined;
    });
  }

  /** Ends when the queue is empty or the disk refuses; what is left is tried again by the next call. */
  async #work(): Promise<void> {
    this.#failure = undefined;
    try {
      for (let next = this.#queue[0]; next !== undefined; next = this.#queue[0]) {
        await this.#makeFolder(dirname(next.path));
        this.#placed.push([next.path, await placeFile(this.#disk, join(this.#folder, next.path), next.bytes)]);
        if (this.#folders.delete(next.partials)) await this.#disk.remove(join(this.#folder, next.partials));
        this.#queue.shift();
      }
    } catch (error) {
      this.#failure = error instanceof Error ? error : new Error(String(error));
    }
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

  /** Returns the bundle when this entry filled it, and begins the next. */
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
    const bundle = this.bytes;
    this.#length = 0;
    this.#count = 0;
    return bundle;
  }
}
