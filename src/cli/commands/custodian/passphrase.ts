// Where passphrases come from: the first line of a file, or a terminal that does not show them. Never from arguments or the
// environment, which others can read.
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { readPassphrase } from '../../../tools/custodian/passphrase-file.ts';
import { CommandError, type Terminal } from '../../command.ts';
import { canType, readHidden } from '../../read-hidden.ts';
import { rejectOpenMode } from '../../secret-mode.ts';

/** Gives the encrypted keys their passphrases: one file is for all, several are for one each, in the order of the keys. */
export function passphrases(files: readonly string[], terminal: Terminal): (keyFile: string) => Promise<string> {
  let asked = 0;
  return async (keyFile) => {
    const file = files.length === 1 ? files[0] : files[asked];
    asked += 1;
    if (file !== undefined) return passphraseIn(file);
    const name = basename(keyFile);
    if (!canType()) {
      const more = files.length === 0 ? 'give' : 'give one more';
      throw new CommandError(`${name} is encrypted: ${more} --passphrase-file`);
    }
    return (await readHidden(`passphrase of ${name}`, terminal)).toString('utf8');
  };
}

/** A new one, typed twice. @throws CommandError without a terminal */
export async function newPassphrase(file: string | undefined, terminal: Terminal): Promise<string> {
  if (file !== undefined) return passphraseIn(file);
  if (!canType()) {
    throw new CommandError('give the new passphrase with --passphrase-file, or run this at a terminal');
  }
  const first = await readHidden('new passphrase', terminal);
  const second = await readHidden('the same again', terminal);
  const same = first.equals(second);
  const passphrase = first.toString('utf8');
  first.fill(0);
  second.fill(0);
  if (!same) throw new CommandError('the two passphrases differ: nothing was made, start again');
  return passphrase;
}

async function passphraseIn(file: string): Promise<string> {
  rejectOpenMode(file, await stat(file).catch(() => undefined));
  return readPassphrase(file);
}
