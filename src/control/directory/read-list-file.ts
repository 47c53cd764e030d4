// A small file of a list that commands write and people may edit: absent it is an empty list, anything else has to read.
import { readFile } from 'node:fs/promises';

/**
 * @param cure what to do about a file that does not read, for people
 * @throws when the file is there and is not one of ours
 */
export async function readListFile<T>(
  path: string,
  most: number,
  read: (value: unknown) => readonly T[],
  cure: string,
): Promise<readonly T[]> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  if (text.length > most) throw new Error(`${path} is larger than ${most} bytes`);
  try {
    return read(JSON.parse(text));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`${path} cannot be used (${reason}): ${cure}`, { cause });
  }
}
