// A small file of a list in the control process's folder, which commands write and people may edit: absent it is an empty list,
// anything else has to read.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceFile } from '../../files/durable-file.ts';
import { list, oneOf, type Reader, record } from '../../formats/shape.ts';

export interface ListFile<T> {
  /** @throws when the file is there and is not one of ours */
  read(folder: string): Promise<readonly T[]>;
  /** @throws ShapeError saying what is wrong with them; nothing is written then */
  write(folder: string, items: readonly T[]): Promise<void>;
}

export interface ListFileForm<T> {
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

export function listFile<T>({ file, format, member, item, check, cure }: ListFileForm<T>): ListFile<T> {
  const shape = record({ format: oneOf(format), [member]: list(item, 1000) });
  const itemsOf = (value: unknown): readonly T[] => {
    const items = (shape(value, file) as Readonly<Record<string, unknown>>)[member] as readonly T[];
    check?.(items, file);
    return items;
  };
  return {
    async read(folder) {
      const path = join(folder, file);
      let text: string;
      try {
        text = await readFile(path, 'utf8');
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
        throw error;
      }
      if (text.length > MAX_BYTES) throw new Error(`${path} is larger than ${MAX_BYTES} bytes`);
      try {
        return itemsOf(JSON.parse(text));
      } catch (cause) {
        const reason = cause instanceof Error ? cause.message : String(cause);
        throw new Error(`${path} cannot be used (${reason}): ${cure}`, { cause });
      }
    },
    async write(folder, items) {
      const text = `${JSON.stringify({ format, [member]: items }, undefined, 2)}\n`;
      itemsOf(JSON.parse(text));
      await replaceFile(join(folder, file), text);
    },
  };
}
