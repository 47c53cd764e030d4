// A journal: a file of lines that are only added, each durable before anything goes on. What a crash, or a full disk, left of
// an unfinished last line is no line, and the next one is written in its place: nobody was told of it.
import { closeSync, fsyncSync, ftruncateSync, openSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { syncFolder, writeAllSync } from './durable-file-sync.ts';

export class DurableJournal {
  /** What was there when it was opened, durable by now, without line breaks. */
  readonly found: readonly string[];
  readonly #path: string;
  /** Bytes of the whole lines. */
  #length: number;

  private constructor(path: string, { lines, length }: WholeLines) {
    this.#path = path;
    this.found = lines;
    this.#length = length;
  }

  /** To write on; a file that is missing is made with its first line. */
  static open(path: string): DurableJournal {
    const whole = readWhole(path);
    if (whole.length > 0) {
      // Whoever was here before may have died before either.
      sync(path, 'r');
      syncFolder(dirname(path));
    }
    return new DurableJournal(path, whole);
  }

  /** Durable when it returns. @param line without its line break */
  add(line: string): void {
    const bytes = Buffer.from(`${line}\n`, 'utf8');
    sync(this.#path, 'a', (file) => {
      ftruncateSync(file, this.#length);
      writeAllSync(file, bytes);
    });
    if (this.#length === 0) syncFolder(dirname(this.#path));
    this.#length += bytes.length;
  }
}

/** The whole lines of a journal, without their line breaks; none when there is no file. */
export function readJournal(path: string): readonly string[] {
  return readWhole(path).lines;
}

interface WholeLines {
  readonly lines: readonly string[];
  readonly length: number;
}

function readWhole(path: string): WholeLines {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { lines: [], length: 0 };
    throw error;
  }
  const length = bytes.lastIndexOf(0x0a) + 1;
  return { lines: bytes.subarray(0, length).toString('utf8').split('\n').slice(0, -1), length };
}

function sync(path: string, flags: 'a' | 'r', write: (file: number) => void = () => {}): void {
  const file = openSync(path, flags, 0o600);
  try {
    write(file);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
