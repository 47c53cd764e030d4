// One kind of sealed record in one value: its name, the strict form of what it holds, earlier forms of that, and whether a full
// backup takes it along. The store hands out authentic bytes only, so a record that does not read was written by a defect or by
// another release: it is refused whole, never guessed at.
import { type Reader, record, ShapeError } from '../../formats/shape.ts';
import { StoreError } from '../port.ts';
import type { Change } from './records.ts';

/** `key`: written as a blob of the module; `text`: as it is; `stays`: with the instance that made it. */
export type BackupScope = 'key' | 'text' | 'stays';

type Readers = Readonly<Record<string, Reader<unknown>>>;
type Shape<F extends Readers, O extends Readers> = ReturnType<ReturnType<typeof record<F, O>>>;
/** What records of a kind hold: said once, in its members. */
export type ValueOf<K> = K extends RecordKind<infer T> ? T : never;

interface Named {
  /** Name of the record; ends in `/` where there are many of the kind, which then have ids. */
  readonly of: string;
  /** Form of the ids. */
  readonly id?: RegExp;
  /** One line for the reference page. */
  readonly about: string;
  readonly travels: BackupScope;
  /** One record of the kind may be treated otherwise, by its id. */
  readonly staying?: readonly string[];
  /** Members that are shown to nobody who reads records, in support and in reports. */
  readonly hides?: readonly string[];
}

interface Definition<F extends Readers, O extends Readers> extends Named {
  readonly members: F;
  /** May be absent. */
  readonly optional?: O;
  /** What holds between members, and between them and the id. @throws ShapeError */
  readonly check?: (value: NoInfer<Shape<F, O>>, id: string) => void;
  /** Forms of earlier releases, newest first, each brought to the present one. */
  readonly earlier?: readonly Reader<NoInfer<Shape<F, O>>>[];
}

export interface RecordKind<T = unknown> extends Named {
  /** Names of its members; those that may be absent end in `?`. Empty: plain text. */
  readonly members: readonly string[];
  /** Counts the forms that there have been. */
  readonly form: number;
  /** '' for the one record of a kind without ids. Undefined: a record of another kind. @throws StoreError Damaged */
  idOf(recordName: string): string | undefined;
  /** @throws StoreError Damaged */
  read(id: string, bytes: Uint8Array): T;
  /** The record of that id with this value. @throws StoreError Damaged: it would not be read again */
  put(id: string, value: T): Change & { readonly value: Uint8Array };
  remove(id?: string): Change;
  /** They would be kept as the same bytes. */
  same(a: T, b: T): boolean;
}

/** Of JSON, exactly as `JSON.stringify` writes it. */
export function recordKind<F extends Readers, O extends Readers = Record<never, never>>(
  definition: Definition<F, O>,
): RecordKind<Shape<F, O>> {
  const { members, optional, check, earlier = [], ...named } = definition;
  const shape = record(members, optional);
  return kindOf(named, {
    members: [...Object.keys(members), ...Object.keys(optional ?? {}).map((name) => `${name}?`)],
    form: earlier.length + 1,
    encode: (value) => JSON.stringify(value),
    decode(text, id) {
      const stored: unknown = JSON.parse(text);
      // No spare bytes, no member twice, no number or character written in another way.
      if (JSON.stringify(stored) !== text) throw new ShapeError('it is not written as records are');
      const value = firstThatReads([shape, ...earlier], stored);
      check?.(value, id);
      return value;
    },
  });
}

/** Of plain text. @param check throws ShapeError */
export function textKind(named: Named, check: (text: string, id: string) => void): RecordKind<string> {
  return kindOf<string>(named, {
    members: [],
    form: 1,
    encode: (text) => text,
    decode(text, id) {
      check(text, id);
      return text;
    },
  });
}

function firstThatReads<T>([present, ...earlier]: readonly [Reader<T>, ...Reader<T>[]], stored: unknown): T {
  try {
    return present(stored, 'it');
  } catch (error) {
    for (const read of earlier) {
      try {
        return read(stored, 'it');
      } catch {
        // What is wrong with it is said by the present form.
      }
    }
    throw error;
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

interface Form<T> extends Pick<RecordKind<T>, 'members' | 'form'> {
  readonly encode: (value: T) => string;
  readonly decode: (text: string, id: string) => T;
}

function kindOf<T>(named: Named, { members, form, encode, decode }: Form<T>): RecordKind<T> {
  const { of, id: idForm } = named;
  const hasIds = of.endsWith('/');
  const damaged = (id: string, reason: string, cause?: unknown): StoreError =>
    new StoreError('Damaged', `the record '${of}${id}' does not read: ${reason}`, { cause });
  /** It is tried, and taken over, a moment later. */
  const readAtPut = new WeakMap<Uint8Array, { readonly id: string; readonly value: T }>();
  const read = (id: string, bytes: Uint8Array): T => {
    const known = readAtPut.get(bytes);
    if (known?.id === id) return known.value;
    try {
      return decode(utf8.decode(bytes), id);
    } catch (cause) {
      throw damaged(id, cause instanceof ShapeError ? cause.message : 'it is no text of a record', cause);
    }
  };
  return {
    ...named,
    members,
    form,
    idOf(recordName) {
      if (!hasIds) return recordName === of ? '' : undefined;
      if (!recordName.startsWith(of)) return undefined;
      const id = recordName.slice(of.length);
      if (idForm?.test(id) === false) throw damaged(id, 'its name is none');
      return id;
    },
    read,
    put(id, value) {
      const bytes = Buffer.from(encode(value), 'utf8');
      // A record that is committed and does not read would stop every worker.
      readAtPut.set(bytes, { id, value: read(id, bytes) });
      return { name: of + id, value: bytes };
    },
    remove: (id = '') => ({ name: of + id, value: null }),
    same: (a, b) => encode(a) === encode(b),
  };
}
