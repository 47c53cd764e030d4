// All keys of the instance in memory, fed by the sealed records. It answers look-ups; it changes nothing by itself.
import type { Change } from '../../store/sealed/records.ts';
import { decodeKeyVersion, type KeyVersion, parseKeyRecordName } from './key-version.ts';

interface Entry {
  /** Ascending by ordinal. */
  readonly versions: KeyVersion[];
}

export class KeyRing {
  readonly #entries = new Map<string, Entry>();
  /** Lower-case names in ascending order, for paging. */
  readonly #names: string[] = [];

  /** Takes a change of a key record; leaves others alone. */
  apply(change: Change): void {
    const id = parseKeyRecordName(change.name);
    if (id === undefined) return;
    if (change.value === null) this.#remove(id.name, id.version);
    else this.#put(id.name, decodeKeyVersion(change.value));
  }

  /** The current version, or the one asked for. */
  find(name: string, version?: string): KeyVersion | undefined {
    const entry = this.#entries.get(name.toLowerCase());
    if (entry === undefined) return undefined;
    if (version === undefined) return entry.versions[entry.versions.length - 1];
    const wanted = version.toLowerCase();
    return entry.versions.find((key) => key.version === wanted);
  }

  /** All versions, oldest first; empty for an unknown key. */
  versions(name: string): readonly KeyVersion[] {
    return this.#entries.get(name.toLowerCase())?.versions ?? [];
  }

  /** Up to `count` keys (current versions) whose names come after `after` in lower-case order. */
  *listAfter(after: string | undefined, count: number): Generator<KeyVersion> {
    let at = after === undefined ? 0 : this.#position(after.toLowerCase());
    if (after !== undefined && this.#names[at] === after.toLowerCase()) at++;
    for (const name of this.#names.slice(at, at + count)) {
      const current = this.find(name);
      if (current !== undefined) yield current;
    }
  }

  get size(): number {
    return this.#names.length;
  }

  #put(name: string, key: KeyVersion): void {
    const entry = this.#entries.get(name);
    if (entry === undefined) {
      this.#entries.set(name, { versions: [key] });
      this.#names.splice(this.#position(name), 0, name);
      return;
    }
    const at = entry.versions.findIndex((other) => other.ordinal >= key.ordinal);
    if (at === -1) entry.versions.push(key);
    else entry.versions.splice(at, entry.versions[at]?.ordinal === key.ordinal ? 1 : 0, key);
  }

  #remove(name: string, version: string): void {
    const entry = this.#entries.get(name);
    if (entry === undefined) return;
    const at = entry.versions.findIndex((key) => key.version === version);
    if (at !== -1) entry.versions.splice(at, 1);
    if (entry.versions.length > 0) return;
    this.#entries.delete(name);
    this.#names.splice(this.#position(name), 1);
  }

  /** First index whose name is not below the given one. */
  #position(name: string): number {
    let low = 0;
    let high = this.#names.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#names[middle] as string) < name) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
