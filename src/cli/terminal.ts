// The one way out to the terminal for every command. Whatever it says, and whoever wrote that, the terminal shows it and does not
// obey it; JSON goes through `printableJson` before, which keeps the value.
import { printable } from '../formats/printable.ts';
import type { Terminal } from './command.ts';
import { UNEXPECTED, unexpected } from './dispatch.ts';

/** @param who the program, for what nobody expected */
export function openTerminal(who: string): Terminal {
  const err = (text: string): void => void process.stderr.write(printable(text));
  // Whoever reads has seen enough, as `head` has. The command goes on, and its exit code says what it found.
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
  }
  process.on('uncaughtException', (error) => {
    err(unexpected(who, error));
    process.exit(UNEXPECTED);
  });
  return { out: (text) => void process.stdout.write(printable(text)), err };
}
