// A token's PIN: from the first line of a file, or typed unseen. Arguments and environments are read by others.
import { readFile } from 'node:fs/promises';
import { CommandError, type Terminal, UsageError } from '../../command.ts';
import { canType, readHidden } from '../../read-hidden.ts';

/** @throws UsageError, CommandError */
export async function readPin(file: string | undefined, terminal: Terminal): Promise<Buffer> {
  const pin = file === undefined ? await typed(terminal) : firstLine(await readFile(file));
  if (pin.length === 0) throw new CommandError('the PIN is empty');
  return pin;
}

function firstLine(bytes: Buffer): Buffer {
  const end = bytes.findIndex((byte) => byte === 0x0a || byte === 0x0d);
  return end === -1 ? bytes : bytes.subarray(0, end);
}

function typed(terminal: Terminal): Promise<Buffer> {
  if (!canType()) throw new UsageError('name the file with the PIN of the token with --pin-file');
  return readHidden('PIN of the token', terminal);
}
