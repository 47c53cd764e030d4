// Shapes of what another program answers, which may be newer than this one: only what is looked at is read.
import { mapOf, type Reader, record } from './shape.ts';

type Readers = Readonly<Record<string, Reader<unknown>>>;

const members = mapOf((value) => value);

/** An object that has these members at least; further ones stay as they are. */
export function having<F extends Readers, O extends Readers = Record<never, never>>(
  required: F,
  optional?: O,
): ReturnType<typeof record<F, O>> {
  const names = Object.keys({ ...required, ...optional });
  const read = record(required, optional);
  return (value, path) => {
    const given = members(value, path);
    const own = Object.fromEntries(names.flatMap((name) => (name in given ? [[name, given[name]]] : [])));
    return { ...given, ...read(own, path) };
  };
}
