// What a part of the watcher keeps in one file, which is replaced whole.
import { renameSync } from 'node:fs';
import { basename } from 'node:path';
import { replaceFile } from '../files/durable-file.ts';
import { readIfThere } from '../files/read-if-there.ts';

/** What does not read is put aside, for people. @param path `….json` @returns undefined: there is none */
export function keptState<S>(path: string, parse: (text: string) => S, report: (what: string) => void): S | undefined {
  const kept = readIfThere(path);
  if (kept === undefined) return undefined;
  const name = basename(path);
  const unread = path.replace(/\.json$/, '-unread.json');
  try {
    return parse(kept);
  } catch (error) {
    report(`${name} does not read and is now ${basename(unread)}: ${(error as Error).message}`);
  }
  try {
    renameSync(path, unread);
  } catch (error) {
    report(`${name} is written over: ${codeOf(error)}`);
  }
  return undefined;
}

/** Its name need not be durable: an older one does as well, and what follows it is done again. */
export async function keepState(path: string, state: object | number): Promise<void> {
  await replaceFile(path, JSON.stringify(state), { folder: () => Promise.resolve() });
}

export function codeOf(error: unknown): string {
  const { code, name } = error as NodeJS.ErrnoException;
  return code ?? name;
}
