// What is kept in memory of records follows their changes: each is looked up by its kind, decoded once, and handed to those who
// follow that kind, in the order in which they are listed.
import type { BackupScope, RecordKind } from './record-kind.ts';
import type { Apply, Attempt, Change } from './records.ts';

export interface Follow<T = unknown> {
  readonly kind: RecordKind<T>;
  /** @param value undefined: the record was removed @throws StoreError Damaged when it contradicts what is known */
  take(id: string, value: T | undefined, change: Change): void;
  /** What it has now of that record. Whose kind one tells it of, can be tried and taken back. */
  readonly held?: ((id: string) => T | undefined) | undefined;
}

export function follow<T>(kind: RecordKind<T>, take: Follow<T>['take'], held?: Follow<T>['held']): Follow<T> {
  return { kind, take, held };
}

/** Keeps each record of the kind in the map, by its id. */
export function keep<T>(kind: RecordKind<T>, all: Map<string, T>): Follow<T> {
  const take = (id: string, value: T | undefined): void => {
    if (value === undefined) all.delete(id);
    else all.set(id, value);
  };
  return follow(kind, take, (id) => all.get(id));
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

/** More are not tried: who changes so many is planned last. */
const MOST_TRIED = 64;

/** What is kept in memory, as it is fed. */
export interface Feeding {
  readonly apply: Apply;
  readonly attempt: Attempt;
}

export function feeding(...given: Parameters<typeof openFeeding>): Apply {
  return openFeeding(...given).apply;
}

/**
 * Records of kinds that nobody lists are left alone: they are of another release.
 * @param kinds read strictly even where nobody follows them
 */
export function openFeeding(follows: readonly Follow[], kinds: readonly RecordKind[] = []): Feeding {
  const byKind = new Map<RecordKind, Follow[]>(kinds.map((kind) => [kind, []]));
  for (const each of follows) {
    const known = byKind.get(each.kind);
    if (known === undefined) byKind.set(each.kind, [each]);
    else known.push(each);
  }
  const find = findingKind([...byKind.keys()]);
  const named = ({ name }: Change) => {
    const kind = find(name);
    const id = kind?.idOf(name);
    return kind === undefined || id === undefined ? undefined : { kind, id, all: byKind.get(kind) ?? [] };
  };
  const apply = (change: Change): void => {
    const known = named(change);
    if (known === undefined) return;
    const { kind, id, all } = known;
    const value = change.value === null ? undefined : kind.read(id, change.value);
    for (const { take } of all) take(id, value, change);
  };
  return {
    apply,
    attempt(changes) {
      if (changes.length > MOST_TRIED) return undefined;
      const before: Change[] = [];
      for (const change of changes) {
        const known = named(change);
        if (known === undefined || known.all.length === 0) continue;
        const held = known.all.find((each) => each.held !== undefined)?.held;
        if (held === undefined) return undefined;
        const value = held(known.id);
        before.push(value === undefined ? known.kind.remove(known.id) : known.kind.put(known.id, value));
      }
      for (const change of changes) apply(change);
      return () => {
        for (const change of before.reverse()) apply(change);
      };
    },
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
