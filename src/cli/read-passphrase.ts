// The passphrase of a seal, from a file or from the terminal. Its bytes can be overwritten after use.
import { CommandError, type Terminal } from './command.ts';
import { canType, readHidden } from './read-hidden.ts';
import { readSecret } from './read-secret.ts';

/** @throws CommandError */
export async function readSealPassphrase(
  file: string | undefined,
  what: string,
  option: string,
  terminal: Terminal,
): Promise<Buffer> {
  if (file === undefined) {
    if (canType()) return readHidden(what, terminal);
    throw new CommandError(`not at a terminal: give the ${what} with --${option}`);
  }
  const content = readSecret(file);
  const end = content.findIndex((byte) => byte === 0x0a || byte === 0x0d);
  const line = Buffer.from(end === -1 ? content : content.subarray(0, end));
  content.fill(0);
  if (line.length === 0) throw new CommandError(`${file} holds no passphrase on its first line`);
  return line;
}

/** Typed twice at a terminal. @throws CommandError */
export async function readNewPassphrase(file: string | undefined, option: string, terminal: Terminal): Promise<Buffer> {
  const first = await readSealPassphrase(file, 'new passphrase', option, terminal);
  if (file !== undefined) return first;
  const second = await readHidden('the same again', terminal);
  const isSame = first.equals(second);
  second.fill(0);
  if (isSame) return first;
  first.fill(0);
  throw new CommandError('the two are not the same: nothing was changed');
}
