// The one way out to the terminal for every command. Whatever it says, and whoever wrote that, the terminal shows it and does not
// obey it; JSON goes through `printableJson` before, which keeps the value.
import { printable } from '../formats/printable.ts';
import type { Terminal } from './command.ts';

export function openTerminal(): Terminal {
  // Whoever reads has seen enough, as `head` has. The command goes on, and its exit code says what it found.
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
  }
  return {
    out: (text) => process.stdout.write(printable(text)),
    err: (text) => process.stderr.write(printable(text)),
  };
}
