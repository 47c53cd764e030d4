// Commands in tests, by their name, with values in place of words.
import assert from 'node:assert/strict';
import type { Command, Terminal } from './command.ts';
import { runOf, show } from './dispatch.ts';
import { checkGiven } from './parse.ts';

export function commandNamed(commands: readonly Command[], name: string): Command {
  const found = commands.find((each) => each.name === name);
  assert.ok(found, name);
  return found;
}

/** @returns its exit code */
export async function runCommand(
  command: Command,
  values: Readonly<Record<string, unknown>>,
  operands: readonly string[],
  terminal: Terminal,
): Promise<number> {
  const given = { ...values };
  checkGiven(command, given, operands);
  return show(await runOf(command, given, operands, terminal), given['json'] === true, terminal);
}
