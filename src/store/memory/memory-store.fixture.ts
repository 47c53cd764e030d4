// A store without a file, for tests. Two handles on the same content behave like two connections to one database.
import { Buffer } from 'node:buffer';
import { checkCommit, type Guard, type Row, type Store, StoreError } from '../port.ts';

const BATCH = 512;

/** What several handles may share. */
export class MemoryContent {
  readonly rows = new Map<string, Row>();
  /** Commits by anyone. */
  commits = 0;
}

export function openMemoryStore(shared: MemoryContent = new MemoryContent()): Store {
  return new MemoryStore(shared);
}

class MemoryStore implements Store {
  readonly #content: MemoryContent;
  #ownCommits = 0;
  #othersSeen: number;
  #open = true;

  constructor(content: MemoryContent) {
    this.#content = content;
    this.#othersSeen = content.commits;
  }

  async read(key: Uint8Array): Promise<Row | undefined> {
    this.#checkOpen();
    const row = this.#content.rows.get(mapKey(key));
    return row === undefined ? undefined : copy(row);
  }

  async *list(): AsyncIterable<readonly Row[]> {
    this.#checkOpen();
    this.#othersSeen = this.#others();
    const live = [...this.#content.rows.values()].filter((row) => row.value !== null).map(copy);
    for (let at = 0; at < live.length; at += BATCH) yield live.slice(at, at + BATCH);
  }

  async changesSince(revision: number): Promise<readonly Row[]> {
    this.#checkOpen();
    this.#othersSeen = this.#others();
    const newer = [...this.#content.rows.values()].filter((row) => row.revision > revision);
    return newer.sort((a, b) => a.revision - b.revision).map(copy);
  }

  changed(): boolean {
    return this.#others() !== this.#othersSeen;
  }

  async commit(guards: readonly Guard[], writes: readonly Row[]): Promise<'committed' | 'conflict'> {
    this.#checkOpen();
    checkCommit(guards, writes);
    for (const guard of guards) {
      const row = this.#content.rows.get(mapKey(guard.key));
      if ((row === undefined || row.value === null ? 0 : row.revision) !== guard.revision) return 'conflict';
    }
    for (const row of writes) this.#content.rows.set(mapKey(row.key), copy(row));
    this.#content.commits += 1;
    this.#ownCommits += 1;
    return 'committed';
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#open = false;
  }

  #others(): number {
    return this.#content.commits - this.#ownCommits;
  }

  #checkOpen(): void {
    if (!this.#open) throw new StoreError('Unavailable', 'the store is closed');
  }
}

function mapKey(key: Uint8Array): string {
  return Buffer.from(key).toString('latin1');
}

function copy(row: Row): Row {
  return {
    key: Uint8Array.from(row.key),
    revision: row.revision,
    value: row.value === null ? null : Uint8Array.from(row.value),
  };
}
