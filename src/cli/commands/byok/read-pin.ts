// A token's PIN: from the first line of a file, or typed unseen. Arguments and environments are read by others.
import { readFile } from 'node:fs/promises';
import type { ReadStream } from 'node:tty';
import { CommandError, type Terminal, UsageError } from '../../command.ts';

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
  const input: ReadStream = process.stdin;
  if (!input.isTTY) throw new UsageError('name the file with the PIN of the token with --pin-file');
  terminal.err('PIN of the token: ');
  input.setRawMode(true);
  return new Promise((resolve, reject) => {
    const bytes: number[] = [];
    const end = (finish: () => void): void => {
      input.setRawMode(false);
      input.off('data', take);
      input.pause();
      terminal.err('\n');
      finish();
    };
    const take = (chunk: Buffer): void => {
      for (const byte of chunk) {
        if (byte === 0x03) return end(() => reject(new CommandError('no PIN was given')));
        if (byte === 0x0d || byte === 0x0a) return end(() => resolve(Buffer.from(bytes)));
        if (byte === 0x7f || byte === 0x08) bytes.pop();
        else bytes.push(byte);
      }
    };
    input.on('data', take);
    input.resume();
  });
}
