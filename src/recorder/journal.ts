// The journal as the recorder writes it: batches into preallocated segments, one fdatasync per batch. A failed write is
// wiped before anything else is written, so no half of it can be read as an entry later.
import { join } from 'node:path';
import { encodeSegmentHeader, JOURNAL, type SegmentHeader, segmentName } from '../formats/journal-format.ts';
import { type Disk, syncPath } from './disk.ts';

const CHUNK = 1024 * 1024;
const SPARE = 'spare';

export interface JournalPath {
  readonly folder: string;
  readonly segmentLength: number;
}

/** What a new segment's header says of the entries before it. */
export type SegmentStart = Omit<SegmentHeader, 'segmentLength'>;

interface FinishedSegment {
  readonly path: string;
  /** Index of the entry after its last. */
  readonly next: number;
}

interface OpenSegment {
  readonly path: string;
  readonly fd: number;
  readonly first: number;
  /** Where the next batch goes. */
  position: number;
}

export class Journal implements AsyncDisposable {
  readonly #disk: Disk;
  readonly #place: JournalPath;
  #current: OpenSegment;
  /** Earlier segments, oldest first, whose entries may not all be published. */
  #finished: FinishedSegment[];
  /** End of what a failed write may have left behind `position`. */
  #suspectEnd: number | undefined;
  /** A segment may have been begun on disk, so nothing more goes into the current one. */
  #mustRotate = false;
  #preparing: Promise<void> | undefined;
  #spareReady = false;

  private constructor(disk: Disk, place: JournalPath, current: OpenSegment, finished: readonly FinishedSegment[]) {
    this.#disk = disk;
    this.#place = place;
    this.#current = current;
    this.#finished = [...finished];
  }

  /** Begins the first segment of a new log. */
  static async create(disk: Disk, place: JournalPath, start: SegmentStart): Promise<Journal> {
    disk.makeFolder(join(place.folder, JOURNAL));
    await prepareSpare(disk, place);
    return new Journal(disk, place, await beginSegment(disk, place, start), []);
  }

  /** Goes on in the last of the segments read; a torn record at its end is wiped first. */
  static async resume(
    disk: Disk,
    place: JournalPath,
    segments: readonly { path: string; header: SegmentHeader; end: number; next: number; torn: boolean }[],
  ): Promise<Journal> {
    const last = segments.at(-1);
    if (last === undefined) throw new RangeError('a journal resumes from at least one segment');
    const fd = disk.open(last.path, 'r+');
    const current = { path: last.path, fd, first: last.header.first, position: last.end };
    const journal = new Journal(
      disk,
      { ...place, segmentLength: last.header.segmentLength },
      current,
      segments.slice(0, -1).map(({ path, next }) => ({ path, next })),
    );
    if (last.torn) journal.#suspectEnd = last.header.segmentLength;
    await journal.#wipe();
    return journal;
  }

  get finished(): readonly FinishedSegment[] {
    return this.#finished;
  }

  /** Whether a batch of this length can be written as things stand. */
  hasRoom(length: number): boolean {
    return (
      this.#suspectEnd === undefined &&
      !this.#mustRotate &&
      this.#current.position + length <= this.#place.segmentLength
    );
  }

  /**
   * Makes room: wipes what a failed write left, begins the next segment if this one is full.
   * @param start describes the log up to the batch, for the header of a new segment
   */
  async makeRoom(length: number, start: SegmentStart): Promise<void> {
    await this.#wipe();
    if (!this.hasRoom(length)) await this.#rotate(start);
  }

  /** Durable when it returns. There must be room. @throws what the disk said; nothing of it is stored then */
  write(bytes: Buffer): void {
    const { fd, position } = this.#current;
    this.#suspectEnd = position + bytes.length;
    this.#disk.writeDurably(fd, bytes, position);
    this.#suspectEnd = undefined;
    this.#current.position = position + bytes.length;
    if (this.#current.position * 2 > this.#place.segmentLength) this.#prepare();
  }

  /** Removes finished segments whose entries all lie below `published`. */
  async drop(published: number): Promise<void> {
    for (;;) {
      const oldest = this.#finished[0];
      if (oldest === undefined || oldest.next > published) return;
      await this.#disk.remove(oldest.path);
      // Another call may have been faster.
      if (this.#finished[0] === oldest) this.#finished.shift();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#preparing;
    this.#disk.close(this.#current.fd);
  }

  /** Zeros over everything a failed write may have touched. */
  async #wipe(): Promise<void> {
    const { fd, position } = this.#current;
    const end = this.#suspectEnd;
    if (end === undefined) return;
    await writeZeros(this.#disk, fd, position, end);
    await this.#disk.sync(fd);
    this.#suspectEnd = undefined;
  }

  async #rotate(start: SegmentStart): Promise<void> {
    await this.#preparing;
    if (!this.#spareReady) await prepareSpare(this.#disk, this.#place);
    this.#spareReady = false;
    this.#mustRotate = true;
    const next = await beginSegment(this.#disk, this.#place, start);
    const { path, fd } = this.#current;
    this.#finished.push({ path, next: start.first });
    this.#current = next;
    this.#mustRotate = false;
    this.#disk.close(fd);
  }

  #prepare(): void {
    if (this.#spareReady || this.#preparing !== undefined) return;
    this.#preparing = prepareSpare(this.#disk, this.#place).then(
      () => {
        this.#spareReady = true;
        this.#preparing = undefined;
      },
      // Tried again when the segment is needed; it is then that batch's failure.
      () => {
        this.#preparing = undefined;
      },
    );
  }
}

/** A segment's worth of zeros that are really on disk, so that later writes change no metadata. */
async function prepareSpare(disk: Disk, { folder, segmentLength }: JournalPath): Promise<void> {
  const fd = disk.open(join(folder, JOURNAL, SPARE), 'w');
  try {
    await writeZeros(disk, fd, 0, segmentLength);
    await disk.sync(fd);
  } finally {
    disk.close(fd);
  }
}

async function writeZeros(disk: Disk, fd: number, from: number, to: number): Promise<void> {
  const zeros = Buffer.alloc(Math.min(CHUNK, to - from));
  for (let at = from; at < to; at += CHUNK) {
    await disk.writeLater(fd, zeros.subarray(0, Math.min(CHUNK, to - at)), at);
  }
}

/** Turns the spare into the segment that begins at `start.first`. */
async function beginSegment(disk: Disk, place: JournalPath, start: SegmentStart): Promise<OpenSegment> {
  const header = encodeSegmentHeader({ ...start, segmentLength: place.segmentLength });
  const folder = join(place.folder, JOURNAL);
  const path = join(folder, segmentName(start.first));
  const fd = disk.open(join(folder, SPARE), 'r+');
  try {
    disk.write(fd, header, 0);
    await disk.sync(fd);
    disk.rename(join(folder, SPARE), path);
    await syncPath(disk, folder);
    return { path, fd, first: start.first, position: header.length };
  } catch (error) {
    disk.close(fd);
    throw error;
  }
}
