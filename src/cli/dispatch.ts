// From the words on the command line to an exit code: finds the command, parses, runs, and says what went wrong.
import { type Command, CommandError, type Terminal, UsageError } from './command.ts';
import { helpOf, helpOfGroup, type Program, STRONGROOM, usageOf } from './help.ts';
import { nearest } from './nearest.ts';
import { parseArguments } from './parse.ts';

export async function dispatch(
  commands: readonly Command[],
  version: string,
  words: readonly string[],
  terminal: Terminal,
  program = STRONGROOM,
): Promise<number> {
  const found = findCommand(commands, words);
  if (found === undefined) return answerWithoutCommand(commands, version, words, terminal, program);
  const { command, rest } = found;
  try {
    const { help, values, operands } = parseArguments(command, rest);
    if (help) {
      terminal.out(helpOf(command, program));
      return 0;
    }
    return await command.run(values, operands, terminal);
  } catch (error) {
    if (error instanceof UsageError) {
      terminal.err(`${program.name} ${command.name}: ${error.message}\n${usageOf(command, program)}\n`);
      return 2;
    }
    if (error instanceof CommandError) {
      terminal.err(`${program.name} ${command.name}: ${error.message}\n`);
      return 1;
    }
    throw error;
  }
}

function findCommand(
  commands: readonly Command[],
  words: readonly string[],
): { readonly command: Command; readonly rest: readonly string[] } | undefined {
  for (const count of [3, 2, 1]) {
    const command = commands.find((each) => each.name === words.slice(0, count).join(' '));
    if (command !== undefined && words.length >= count) return { command, rest: words.slice(count) };
  }
  return undefined;
}

function answerWithoutCommand(
  commands: readonly Command[],
  version: string,
  words: readonly string[],
  terminal: Terminal,
  program: Program,
): number {
  const [first = '', second] = words;
  const verbs = commands
    .filter((each) => each.name.startsWith(`${first} `))
    .map((each) => each.name.slice(first.length + 1));
  if (verbs.length > 0 && (second === undefined || HELP.has(second))) {
    (second === undefined ? terminal.err : terminal.out)(helpOfGroup(commands, first, program));
    return second === undefined ? 2 : 0;
  }
  if (HELP.has(first)) {
    terminal.out(helpOfGroup(commands, '', program));
    return 0;
  }
  if (first === '--version' || first === '-V') {
    terminal.out(`${program.name} ${version}\n`);
    return 0;
  }
  if (first === '') {
    terminal.err(helpOfGroup(commands, '', program));
    return 2;
  }
  const [given, near] =
    verbs.length > 0
      ? [`${first} ${second}`, nearest(second ?? '', verbs)]
      : [first, nearest(first, [...new Set(commands.flatMap((each) => [each.name, each.name.split(' ')[0] ?? '']))])];
  const kind = first.startsWith('-') ? 'option' : 'command';
  const suggestion = near === undefined ? '' : ` (did you mean '${verbs.length > 0 ? `${first} ${near}` : near}'?)`;
  terminal.err(
    `${program.name}: unknown ${kind} '${given}'${suggestion}\n'${program.name} --help' lists the commands.\n`,
  );
  return 2;
}

const HELP: ReadonlySet<string> = new Set(['--help', '-h', 'help']);
