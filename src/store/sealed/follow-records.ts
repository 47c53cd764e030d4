// What is kept in memory of records follows their changes: each is looked up by its kind, decoded once, and handed to those who
// follow that kind, in the order in which they are listed.
import type { BackupScope, RecordKind } from './record-kind.ts';
import { type Apply, type Attempt, type Change, NotTakenBack } from './records.ts';

export interface Follow<T = unknown> {
  readonly kind: RecordKind<T>;
  /** @param value undefined: the record was removed @throws StoreError Damaged when it contradicts what is known */
  take(id: string, value: T | undefined, change: Change): void;
  /**
   * Answers what puts back the very same that is kept now of that record: so a change can be tried. Undefined: that cannot be.
   * Unread: no plan looks at what is kept, so it is not told of what is only tried.
   */
  readonly hold?: ((id: string) => () => void) | 'unread' | undefined;
}

export function follow<T>(kind: RecordKind<T>, take: Follow<T>['take'], hold?: Follow<T>['hold']): Follow<T> {
  return { kind, take, hold };
}

/** What puts it back as it is now. */
export function holding<K, V>(all: Map<K, V>, key: K): () => void {
  const before = all.get(key);
  return () => {
    if (before === undefined) all.delete(key);
    else all.set(key, before);
  };
}

/** Keeps each record of the kind in the map, by its id. */
export function keep<T>(kind: RecordKind<T>, all: Map<string, T>): Follow<T> {
  const take = (id: string, value: T | undefined): void => {
    if (value === undefined) all.delete(id);
    else all.set(id, value);
  };
  return follow(kind, take, (id) => holding(all, id));
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
  const told = (change: Change) => {
    const { name, value: bytes } = change;
    const kind = find(name);
    const id = kind?.idOf(name);
    if (kind === undefined || id === undefined) return undefined;
    const value = bytes === null ? undefined : kind.read(id, bytes);
    return { id, change, value, all: byKind.get(kind) ?? [] };
  };
  return {
    apply(change) {
      const known = told(change);
      if (known !== undefined) for (const { take } of known.all) take(known.id, known.value, change);
    },
    attempt(changes) {
      const tried = changes.map(told).filter((each) => each !== undefined);
      if (tried.some(({ all }) => all.some(({ hold }) => hold === undefined))) return undefined;
      const undos: (() => void)[] = [];
      const undo = (): void => undos.reverse().forEach((each) => each());
      try {
        for (const { id, value, change, all } of tried) {
          for (const { take, hold } of all) {
            if (typeof hold !== 'function') continue;
            undos.push(hold(id));
            take(id, value, change);
          }
        }
      } catch (error) {
        try {
          undo();
        } catch (cause) {
          throw new NotTakenBack('what was tried could not be taken back', { cause });
        }
        throw error;
      }
      return undo;
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
