// One line typed at the terminal, seen.
import { createInterface } from 'node:readline/promises';
import type { Terminal } from '../../command.ts';

/** @returns nothing when nothing was typed */
export async function askPerson(what: string, terminal: Terminal): Promise<readonly string[]> {
  terminal.err(`${what}: `);
  const lines = createInterface({ input: process.stdin });
  try {
    for await (const line of lines) return line.trim() === '' ? [] : [line];
    return [];
  } finally {
    lines.close();
  }
}
