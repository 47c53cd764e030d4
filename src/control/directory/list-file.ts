// Small files in the control process's folder: those made at the first start, and those of a list, which commands write and people
// may edit: absent it is an empty list, anything else has to read.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceFile } from '../../files/durable-file.ts';
import { list, oneOf, type Reader, record } from '../../formats/shape.ts';

/** Undefined: there is no such file. */
export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** What a file of the control process's folder has, which is made at the first start. */
export async function readOrMake(
  path: string,
  make: () => string | Promise<string>,
  replace: typeof replaceFile = replaceFile,
): Promise<string> {
  const found = await readIfThere(path);
  if (found !== undefined) return found;
  const made = await make();
  await replace(path, made);
  return made;
}

interface ListFileForm<T> {
  readonly file: string;
  readonly format: string;
  /** The member that has the items. */
  readonly member: string;
  readonly item: Reader<T>;
  /** Of all items together. @throws ShapeError */
  readonly check?: (items: readonly T[], path: string) => void;
  /** What to do about a file that does not read, for people. */
  readonly cure: string;
}

const MAX_BYTES = 4 * 1024 * 1024;

export function listFile<T>({ file, format, member, item, check, cure }: ListFileForm<T>) {
  const shape = record({ format: oneOf(format), [member]: list(item, 1000) });
  const itemsOf = (value: unknown): readonly T[] => {
    const items = (shape(value, file) as Readonly<Record<string, unknown>>)[member] as readonly T[];
    check?.(items, file);
    return items;
  };
  return {
    /** @throws when the file is there and is not one of ours */
    async read(folder: string): Promise<readonly T[]> {
      const path = join(folder, file);
      const text = await readIfThere(path);
      if (text === undefined) return [];
      if (text.length > MAX_BYTES) throw new Error(`${path} is larger than ${MAX_BYTES} bytes`);
      try {
        return itemsOf(JSON.parse(text));
      } catch (cause) {
        const reason = cause instanceof Error ? cause.message : String(cause);
        throw new Error(`${path} cannot be used (${reason}): ${cure}`, { cause });
      }
    },
    /** @throws ShapeError saying what is wrong with them; nothing is written then */
    async write(folder: string, items: readonly T[]): Promise<void> {
      const text = `${JSON.stringify({ format, [member]: items }, undefined, 2)}\n`;
      itemsOf(JSON.parse(text));
      await replaceFile(join(folder, file), text);
    },
  };
}
