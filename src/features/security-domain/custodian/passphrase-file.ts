// Passphrases come in files, never in arguments or the environment, where other processes could read them.
import { readFile } from 'node:fs/promises';

/** The first line. @throws Error when it is empty */
export async function readPassphrase(path: string): Promise<string> {
  const [line = ''] = (await readFile(path, 'utf8')).split(/\r?\n/, 1);
  if (line.length === 0) throw new Error(`${path} holds no passphrase`);
  return line;
}
