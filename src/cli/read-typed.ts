// A line typed at the terminal, seen: for confirmations, never for secrets.
import { createInterface } from 'node:readline/promises';
import { CommandError, type Terminal } from './command.ts';

/** To be called where `canType()`. @throws CommandError at Ctrl-C and at the end of input */
export async function readTyped(prompt: string, terminal: Terminal): Promise<string> {
  terminal.err(`${prompt}: `);
  const lines = createInterface({ input: process.stdin, terminal: false });
  const interrupted = new AbortController();
  const stop = (): void => interrupted.abort();
  lines.once('close', stop);
  process.once('SIGINT', stop);
  try {
    return await lines.question('', { signal: interrupted.signal });
  } catch (cause) {
    terminal.err('\n');
    throw new CommandError('nothing was confirmed, and nothing was made', { cause });
  } finally {
    process.off('SIGINT', stop);
    lines.close();
  }
}
