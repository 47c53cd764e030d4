// What is kept in memory of records follows their changes: each is looked up by its kind, decoded once, and handed to those who
// follow that kind, in the order in which they are listed.
import type { BackupScope, RecordKind } from './record-kind.ts';
import type { Apply, Change } from './records.ts';

export interface Follow<T = unknown> {
  readonly kind: RecordKind<T>;
  /** @param value undefined: the record was removed @throws StoreError Damaged when it contradicts what is known */
  take(id: string, value: T | undefined, change: Change): void;
}

export function follow<T>(kind: RecordKind<T>, take: Follow<T>['take']): Follow<T> {
  return { kind, take };
}

/** Keeps each record of the kind in the map, by its id. */
export function keep<T>(kind: RecordKind<T>, all: Map<string, T>): Follow<T> {
  return follow(kind, (id, value) => {
    if (value === undefined) all.delete(id);
    else all.set(id, value);
  });
}

/** The records of one kind in memory, by their ids. */
export class KeptRecords<T> {
  readonly #all = new Map<string, T>();
  readonly #order: (a: readonly [string, T], b: readonly [string, T]) => number;
  readonly follows: readonly Follow[];

  /** @param order of `list` */
  constructor(kind: RecordKind<T>, order: (a: readonly [string, T], b: readonly [string, T]) => number) {
    this.#order = order;
    this.follows = [keep(kind, this.#all)];
  }

  get(id: string): T | undefined {
    return this.#all.get(id);
  }

  list(): readonly (readonly [id: string, value: T])[] {
    return [...this.#all].sort(this.#order);
  }
}

/**
 * Records of kinds that nobody lists are left alone: they are of another release.
 * @param kinds read strictly even where nobody follows them
 */
export function feeding(follows: readonly Follow[], kinds: readonly RecordKind[] = []): Apply {
  const byKind = new Map<RecordKind, Follow[]>(kinds.map((kind) => [kind, []]));
  for (const each of follows) {
    const known = byKind.get(each.kind);
    if (known === undefined) byKind.set(each.kind, [each]);
    else known.push(each);
  }
  const find = findingKind([...byKind.keys()]);
  return (change) => {
    const { name, value: bytes } = change;
    const kind = find(name);
    const id = kind?.idOf(name);
    if (kind === undefined || id === undefined) return;
    const value = bytes === null ? undefined : kind.read(id, bytes);
    for (const { take } of byKind.get(kind) ?? []) take(id, value, change);
  };
}

/** The kind of a record by its name; undefined: none of these. */
export function findingKind(kinds: readonly RecordKind[]): (recordName: string) => RecordKind | undefined {
  const byName = new Map(kinds.map((kind) => [kind.of, kind]));
  if (byName.size !== kinds.length) throw new Error('two kinds of records have one name');
  return (name) => {
    for (let at = name.indexOf('/'); at !== -1; at = name.indexOf('/', at + 1)) {
      const kind = byName.get(name.slice(0, at + 1));
      if (kind !== undefined) return kind;
    }
    return byName.get(name);
  };
}

/** Whether a full backup takes a record along; one of an unknown kind stays. */
export function travelling(kinds: readonly RecordKind[]): (recordName: string) => BackupScope {
  const find = findingKind(kinds);
  return (name) => {
    const kind = find(name);
    if (kind === undefined || kind.staying?.includes(name.slice(kind.of.length)) === true) return 'stays';
    return kind.travels;
  };
}
