// Shapes of the bodies that clients of the management plane send. Beside what both planes forgive (`lenient-body.ts`), members
// that no reader names are passed over and names and choices go without regard to case, as the resource manager has it: its
// clients send what the service may come to know. Records and files of our own are read by `formats/shape.ts` alone.
import { oneOf, type Reader, ShapeError, flag as strictFlag, integer as strictInteger } from '../formats/shape.ts';
import { isAbsent, isUnset, toFlag, toInteger } from './lenient-body.ts';

type Readers = Readonly<Record<string, Reader<unknown>>>;
type Needed<F extends Readers> = { readonly [K in keyof F]: ReturnType<F[K]> };
type Optional<F extends Readers> = { readonly [K in keyof F]?: ReturnType<F[K]> };
type None = Record<never, never>;

/** @param sets optional members that replace a whole set: an empty one means that there is nothing in it any more */
export function members<F extends Readers, O extends Readers = None, S extends Readers = None>(
  required: F,
  optional?: O,
  sets?: S,
): Reader<Needed<F> & Optional<O> & Optional<S>> {
  return (value, path) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new ShapeError(`${path} must be an object`);
    }
    const find = finder(value as Readonly<Record<string, unknown>>, path);
    const result: Record<string, unknown> = {};
    for (const [name, read] of Object.entries(required)) {
      const given = find(name);
      if (isUnset(given)) throw new ShapeError(`${path}.${name} is missing`);
      result[name] = read(given, `${path}.${name}`);
    }
    for (const [name, read] of Object.entries(optional ?? {})) {
      const given = find(name);
      if (!isAbsent(given)) result[name] = read(given, `${path}.${name}`);
    }
    for (const [name, read] of Object.entries(sets ?? {})) {
      const given = find(name);
      if (!isUnset(given) && given !== '') result[name] = read(given, `${path}.${name}`);
    }
    return result as Needed<F> & Optional<O> & Optional<S>;
  };
}

/** Finds members by their names in any case. Two that differ in case only would be one member twice. */
function finder(given: Readonly<Record<string, unknown>>, path: string): (name: string) => unknown {
  const names = new Map<string, string>();
  const twice = new Set<string>();
  for (const name of Object.keys(given)) {
    const folded = name.toLowerCase();
    if (names.has(folded)) twice.add(folded);
    names.set(folded, name);
  }
  return (name) => {
    const folded = name.toLowerCase();
    if (twice.has(folded)) throw new ShapeError(`${path} has the member "${name}" twice`);
    const spelled = names.get(folded);
    return spelled === undefined ? undefined : given[spelled];
  };
}

export function integer(least: number, most: number): Reader<number> {
  const read = strictInteger(least, most);
  return (value, path) => read(toInteger(value) ?? value, path);
}

export const flag: Reader<boolean> = (value, path) => strictFlag(toFlag(value) ?? value, path);

/** Clients of different ages spell these differently; comes back as it is spelled here. */
export function choice<const T extends string>(...allowed: readonly T[]): Reader<T> {
  return (value, path) => {
    const folded = typeof value === 'string' ? value.toLowerCase() : undefined;
    return allowed.find((each) => each.toLowerCase() === folded) ?? oneOf(...allowed)(value, path);
  };
}

/** Of what is not to be had here: may be there as long as it asks for nothing. */
export function nothing(what: string): Reader<undefined> {
  return (value, path) => {
    if (!isAbsent(value)) throw new ShapeError(`${path}: ${what}`);
    return undefined;
  };
}
