// Passphrases come in files, never in arguments or the environment, where other processes could read them.
import { readFile } from 'node:fs/promises';
import { CustodianError } from './refusal.ts';

/** The first line. @throws CustodianError when it is empty */
export async function readPassphrase(path: string): Promise<string> {
  const [line = ''] = (await readFile(path, 'utf8')).split(/\r?\n/, 1);
  if (line.length === 0) throw new CustodianError(`${path} holds no passphrase: it should be its first line`);
  return line;
}
