// Writes what the journal holds as tiles, bundles and checkpoints, in the order in which they fill. Behind the journal
// and never in the way of an entry: whatever is not published yet can be made again from the journal.
import { dirname, join } from 'node:path';
import { MAX_ENTRY, TILE_WIDTH, type TileLevel, tilePath } from '../../../formats/tlog-tiles.ts';
import { type Disk, replaceFile, syncPath } from './disk.ts';

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
  #working: Promise<void> | undefined;
  /** Files renamed into place and not yet made durable. */
  #unsynced: string[] = [];
  /** Partial files of the last two checkpoints: readers may be between the two. */
  #partials: [readonly string[], readonly string[]] = [[], []];
  #failure: unknown;

  constructor(disk: Disk, folder: string) {
    this.#disk = disk;
    this.#folder = folder;
  }

  /** Takes a full tile or bundle; it is written soon. */
  add(level: TileLevel, index: number, bytes: Buffer): void {
    const path = tilePath(level, index);
    this.#queue.push({ path, bytes, partials: `${path}.p` });
    this.#start();
  }

  /** Everything taken so far is in place and durable. @throws what the disk said */
  async flush(): Promise<void> {
    this.#start();
    await this.#working;
    if (this.#queue.length > 0) throw this.#failure;
    const paths = this.#unsynced;
    const folders = new Set(paths.map((path) => dirname(path)));
    for (const path of paths) await syncPath(this.#disk, join(this.#folder, path));
    for (const folder of foldersAbove(folders)) await syncPath(this.#disk, join(this.#folder, folder));
    this.#unsynced = this.#unsynced.slice(paths.length);
  }

  /** Full tiles first, then the partial ones, then the checkpoint that names them all. */
  async checkpoint(note: string, partials: readonly PartialFile[]): Promise<void> {
    await this.flush();
    for (const { path, bytes } of partials) await replaceFile(this.#disk, join(this.#folder, path), bytes, true);
    await replaceFile(this.#disk, join(this.#folder, 'checkpoint'), Buffer.from(note), true);
    const [older, previous] = this.#partials;
    const current = partials.map(({ path }) => path);
    this.#partials = [previous, current];
    for (const path of older) {
      if (!previous.includes(path) && !current.includes(path)) await this.#disk.remove(join(this.#folder, path));
    }
  }

  #start(): void {
    if (this.#working !== undefined || this.#queue.length === 0) return;
    this.#working = this.#work().finally(() => {
      this.#working = undefined;
    });
  }

  /** Ends when the queue is empty or the disk refuses; what is left is tried again by the next call. */
  async #work(): Promise<void> {
    try {
      for (let next = this.#queue[0]; next !== undefined; next = this.#queue[0]) {
        await replaceFile(this.#disk, join(this.#folder, next.path), next.bytes, false);
        this.#unsynced.push(next.path);
        await this.#disk.remove(join(this.#folder, next.partials));
        this.#queue.shift();
      }
    } catch (error) {
      this.#failure = error;
    }
  }
}

/** The folders and all that hold them, up to the log's own, so that every new name becomes durable. */
function foldersAbove(folders: ReadonlySet<string>): Set<string> {
  const all = new Set<string>();
  for (const folder of folders) {
    for (let at = folder; at !== '.'; at = dirname(at)) all.add(at);
  }
  all.add('.');
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
