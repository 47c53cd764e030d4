// The log of one child: what it prints, in a file that is cut over at a limit. A log that cannot be written (full disk)
// loses lines; it never stops a process.
import { closeSync, existsSync, fstatSync, openSync, renameSync, writeSync } from 'node:fs';

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

  write(chunk: Uint8Array): void {
    try {
      if (this.#size > 0 && this.#size + chunk.length > this.#limit) this.#rotate();
      this.#size += writeSync(this.#file, chunk);
    } catch {
      // The lines are lost, see above; there is no better place to say so.
    }
  }

  [Symbol.dispose](): void {
    if (this.#file === -1) return;
    closeSync(this.#file);
    this.#file = -1; // the number may become another file's, and last words still come
  }

  #rotate(): void {
    const nth = (index: number): string => (index === 0 ? this.#path : `${this.#path}.${index}`);
    for (let index = KEPT; index > 0; index--) if (existsSync(nth(index - 1))) renameSync(nth(index - 1), nth(index));
    const file = openSync(this.#path, 'a', 0o600);
    closeSync(this.#file);
    this.#file = file;
    this.#size = 0;
  }
}
