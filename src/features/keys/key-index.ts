// All keys of the instance in memory, fed by the sealed records. It answers look-ups; it changes nothing by itself.
// Deleted keys are kept apart: what uses a key does not see them.

import { SortedList } from '../../formats/sorted-list.ts';
import { type Follow, follow } from '../../store/sealed/follow-records.ts';
import { DueTimes } from '../clock/due-times.ts';
import { type DeletedKey, deletedKeyKind } from './deleted-key.ts';
import { type KeyVersion, keyKind, keyOf, partsOfKeyId } from './key-version.ts';

interface Entry {
  /** Ascending by ordinal; empty only while the records of a deleted key come in. */
  readonly versions: KeyVersion[];
  deleted: DeletedKey | undefined;
}

/** A deleted key with the version that was current. */
export interface DeletedEntry {
  readonly deleted: DeletedKey;
  readonly key: KeyVersion;
}

export class KeyIndex {
  readonly #entries = new Map<string, Entry>();
  /** In lower case, for lists in pages. */
  readonly #names = new SortedList(byText);
  readonly #deletedNames = new SortedList(byText);
  readonly #purges = new DueTimes();

  /** The records of one key come in any order. */
  readonly follows: readonly Follow[] = [
    follow(
      keyKind,
      (id, stored) => {
        const { name, version } = partsOfKeyId(id);
        this.#change(name, ({ versions }) => {
          if (stored === undefined) remove(versions, version);
          else put(versions, keyOf(stored));
        });
      },
      (id) => {
        const { name } = partsOfKeyId(id);
        const before = this.#entries.get(name)?.versions.slice() ?? [];
        return () => this.#change(name, ({ versions }) => void versions.splice(0, versions.length, ...before));
      },
    ),
    follow(deletedKeyKind, (name, deleted) =>
      this.#change(name, (entry) => {
        entry.deleted = deleted;
      }),
    ),
  ];

  /** The current version, or the one asked for, if that is not ''; undefined for a deleted key. */
  find(name: string, version?: string): KeyVersion | undefined {
    const versions = this.versions(name);
    if (version === undefined || version === '') return versions.at(-1);
    const wanted = version.toLowerCase();
    return versions.find((key) => key.version === wanted);
  }

  /** All versions, oldest first; empty for an unknown or a deleted key. */
  versions(name: string): readonly KeyVersion[] {
    const entry = this.#entries.get(name.toLowerCase());
    return entry === undefined || entry.deleted !== undefined ? [] : entry.versions;
  }

  /** Up to `count` keys (current versions) whose names come after `after` in lower-case order. */
  *listAfter(after: string | undefined, count: number): Generator<KeyVersion> {
    for (const name of this.#names.after(after?.toLowerCase(), count)) {
      const current = this.find(name);
      if (current !== undefined) yield current;
    }
  }

  get size(): number {
    return this.#names.size;
  }

  findDeleted(name: string): DeletedEntry | undefined {
    const entry = this.#entries.get(name.toLowerCase());
    const key = entry?.versions.at(-1);
    return entry?.deleted === undefined || key === undefined ? undefined : { deleted: entry.deleted, key };
  }

  /** All versions of a deleted key, oldest first. */
  deletedVersions(name: string): readonly KeyVersion[] {
    const entry = this.#entries.get(name.toLowerCase());
    return entry?.deleted === undefined ? [] : entry.versions;
  }

  /** Up to `count` deleted keys whose names come after `after` in lower-case order. */
  *listDeletedAfter(after: string | undefined, count: number): Generator<DeletedEntry> {
    for (const name of this.#deletedNames.after(after?.toLowerCase(), count)) {
      const found = this.findDeleted(name);
      if (found !== undefined) yield found;
    }
  }

  get deletedSize(): number {
    return this.#deletedNames.size;
  }

  /** All keys as they are now, deleted ones too, by ascending lower-case names. Later changes do not show in it. */
  snapshot(): readonly { readonly name: string; readonly versions: readonly KeyVersion[] }[] {
    const live = this.#names.after(undefined, this.#names.size);
    const deleted = this.#deletedNames.after(undefined, this.#deletedNames.size);
    // Two runs that are in order are merged.
    return [...live, ...deleted].sort(byText).flatMap((name) => {
      const versions = this.#entries.get(name)?.versions ?? [];
      return versions.length === 0 ? [] : [{ name, versions: versions.slice() }];
    });
  }

  /** The deleted key, by its lower-case name, whose purge is scheduled first. */
  nextPurge(): { readonly name: string; readonly time: number } | undefined {
    return this.#purges.next();
  }

  #change(name: string, change: (entry: Entry) => void): void {
    const entry = this.#entries.get(name) ?? { versions: [], deleted: undefined };
    change(entry);
    const isDeleted = entry.deleted !== undefined;
    const hasVersions = entry.versions.length > 0;
    if (isDeleted || hasVersions) this.#entries.set(name, entry);
    else this.#entries.delete(name);
    if (hasVersions && !isDeleted) this.#names.add(name);
    else this.#names.remove(name);
    if (isDeleted) this.#deletedNames.add(name);
    else this.#deletedNames.remove(name);
    this.#purges.set(name, hasVersions ? entry.deleted?.scheduledPurgeDate : undefined);
  }
}

function byText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

/** A restore may give a version another ordinal, and an ordinal to another version. */
function put(versions: KeyVersion[], key: KeyVersion): void {
  remove(versions, key.version);
  const at = versions.findIndex((other) => other.ordinal >= key.ordinal);
  if (at === -1) versions.push(key);
  else versions.splice(at, versions[at]?.ordinal === key.ordinal ? 1 : 0, key);
}

function remove(versions: KeyVersion[], version: string): void {
  const at = versions.findIndex((key) => key.version === version);
  if (at !== -1) versions.splice(at, 1);
}
