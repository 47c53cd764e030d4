// A secret typed at the terminal, unseen. Arguments and environments are read by others.
import type { ReadStream } from 'node:tty';
import { CommandError, type Terminal } from './command.ts';

export function canType(): boolean {
  return process.stdin.isTTY === true;
}

/** A new passphrase, typed twice. @param otherwise what is said where the two differ @throws CommandError */
export async function readHiddenTwice(otherwise: string, terminal: Terminal): Promise<Buffer> {
  const first = await readHidden('new passphrase', terminal);
  const second = await readHidden('the same again', terminal);
  const isSame = first.equals(second);
  second.fill(0);
  if (isSame) return first;
  first.fill(0);
  throw new CommandError(otherwise);
}

/** To be called where `canType()`. @throws CommandError at Ctrl-C */
export function readHidden(what: string, terminal: Terminal): Promise<Buffer> {
  const input: ReadStream = process.stdin;
  // Before the question: what is typed at once must not be echoed.
  input.setRawMode(true);
  terminal.err(`${what}: `);
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
      for (const [index, byte] of chunk.entries()) {
        if (byte === 0x03) return end(() => reject(new CommandError(`no ${what} was given`)));
        if (byte === 0x0d || byte === 0x0a) {
          end(() => resolve(Buffer.from(bytes)));
          // What was typed ahead is for the next question.
          if (index + 1 < chunk.length) input.unshift(chunk.subarray(index + 1));
          return;
        }
        if (byte === 0x7f || byte === 0x08) bytes.pop();
        else bytes.push(byte);
      }
    };
    input.on('data', take);
    input.resume();
  });
}
