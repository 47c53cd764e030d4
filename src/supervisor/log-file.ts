// The log of one child: what it prints, in a file that is cut over at a limit. A log that cannot be written (full disk)
// loses lines; it never stops a process.
import { closeSync, fstatSync, openSync, renameSync, writeSync } from 'node:fs';
import { basename } from 'node:path';

const LIMIT = 5 * 1024 * 1024;
const KEPT = 3;

export class LogFile implements Disposable {
  readonly #path: string;
  readonly #limit: number;
  #file: number;
  #size: number;

  constructor(path: string, limit: number = LIMIT) {
    this.#path = path;
    this.#limit = limit;
    this.#file = openSync(path, 'a', 0o600);
    this.#size = fstatSync(this.#file).size;
  }

  get name(): string {
    return basename(this.#path);
  }

  write(chunk: Uint8Array): void {
    try {
      if (this.#size > 0 && this.#size + chunk.length > this.#limit) this.#rotate();
      this.#size += writeSync(this.#file, chunk);
    } catch {
      // The lines are lost, see above; there is no better place to say so.
    }
  }

  [Symbol.dispose](): void {
    closeSync(this.#file);
  }

  #rotate(): void {
    for (let index = KEPT - 1; index > 0; index--)
      moveIfThere(numbered(this.#path, index), numbered(this.#path, index + 1));
    moveIfThere(this.#path, numbered(this.#path, 1));
    const file = openSync(this.#path, 'a', 0o600);
    closeSync(this.#file);
    this.#file = file;
    this.#size = 0;
  }
}

function numbered(path: string, index: number): string {
  return `${path}.${index}`;
}

function moveIfThere(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
  }
}
