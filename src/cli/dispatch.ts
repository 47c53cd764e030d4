// From the words on the command line to an exit code: finds the command, parses, runs, shows, and says what went wrong.

import { oneLine, printableJson } from '../formats/printable.ts';
import { Refusal } from '../formats/refusal.ts';
import {
  type Command,
  CommandError,
  commandsOf,
  type Noun,
  type Outcome,
  type Terminal,
  UsageError,
} from './command.ts';
import { explained } from './explained.ts';
import { helpOf, helpOfAll, helpOfGroup, moreOf, type Program, STRONGROOM, usageOf, verbsOf } from './help.ts';
import { nearest } from './nearest.ts';
import { parseArguments } from './parse.ts';

export async function dispatch(
  nouns: readonly Noun[],
  version: string,
  words: readonly string[],
  terminal: Terminal,
  program = STRONGROOM,
): Promise<number> {
  // `help WORDS` is `WORDS --help`.
  const asked = words[0] === 'help' ? [...words.slice(1), '--help'] : words;
  const commands = await commandsOf(nouns.filter(({ noun }) => noun === asked[0]));
  const count = longest(asked, (text) => commands.some(({ name }) => name === text));
  const command = commands.find(({ name }) => name === asked.slice(0, count).join(' '));
  const isGroup = command !== undefined && commands.some(({ name }) => name.startsWith(`${command.name} `));
  const namesVerb = isGroup && command.operands === '' && /^[^-]/.test(asked[count] ?? '');
  if (command === undefined || namesVerb)
    return answerWithoutCommand(nouns, commands, version, asked, terminal, program);
  const who = `${program.name} ${command.name}`;
  try {
    const { help, values, operands } = parseArguments(command, asked.slice(count));
    if (help) {
      terminal.out(helpOf(command, program) + (isGroup ? `\n${verbsOf(commands, command.name).join('\n')}\n` : ''));
      return 0;
    }
    return show(await runOf(command, values, operands, terminal), values['json'] === true, terminal);
  } catch (error) {
    const usage = error instanceof UsageError ? `${usageOf(command, program)}\n${moreOf(command, program)}\n` : '';
    const isTheirs = error instanceof UsageError || error instanceof Refusal;
    terminal.err(isTheirs ? `${who}: ${error.message}\n${usage}` : unexpected(who, error));
    if (error instanceof UsageError) return 2;
    return isTheirs ? 1 : UNEXPECTED;
  }
}

/** The exit code of an end that is a bug: EX_SOFTWARE of sysexits.h. */
export const UNEXPECTED = 70;

/** One line: a stack tells its reader nothing that they can act on, and may show what was at work. */
export function unexpected(who: string, error: unknown): string {
  const what = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return `${who}: it ended unexpectedly: ${oneLine(what)}\n`;
}

/** @throws CommandError, too, in place of what the command explains */
export async function runOf(command: Command, ...given: Parameters<Command['run']>): Promise<Outcome> {
  return explained(async () => command.run(...given), command.explains ?? {});
}

export function show(outcome: Outcome, asJson: boolean, terminal: Terminal): number {
  if (typeof outcome === 'number') return outcome;
  if (typeof outcome === 'string') {
    terminal.out(outcome);
    return 0;
  }
  const { json, text, hint = '', note = '', failure, exit = 0 } = outcome;
  terminal.out(asJson ? printableJson(json) : text);
  const said = (asJson ? '' : hint) + note;
  if (said !== '') terminal.err(said);
  if (failure !== undefined) throw new CommandError(failure);
  return exit;
}

/** @param commands those that begin with the first word */
async function answerWithoutCommand(
  nouns: readonly Noun[],
  commands: readonly Command[],
  version: string,
  words: readonly string[],
  terminal: Terminal,
  program: Program,
): Promise<number> {
  const [first = ''] = words;
  if (first === '--version' || first === '-V') {
    terminal.out(`${program.name} ${version}\n`);
    return 0;
  }
  const depth = longest(words, (text) => commands.some(({ name }) => name.startsWith(`${text} `)));
  const group = words.slice(0, depth).join(' ');
  const next = words[depth];
  if (next === undefined || HELP.has(next)) {
    const help = group === '' ? await helpOfAll(nouns, program) : helpOfGroup(commands, group, program);
    // Without a verb nothing was asked for.
    (next === undefined ? terminal.err : terminal.out)(help);
    return next === undefined ? 2 : 0;
  }
  const before = group === '' ? '' : `${group} `;
  const rests = commands.map(({ name }) => (name.startsWith(before) ? name.slice(before.length) : ''));
  const verbs = rests.flatMap((rest) => (rest === '' ? [] : [rest, rest.split(' ')[0] ?? '']));
  const near = nearest(next, new Set(group === '' ? nouns.map(({ noun }) => noun) : verbs));
  const kind = next.startsWith('-') ? 'option' : 'command';
  const suggestion = near === undefined ? '' : ` (did you mean '${before}${near}'?)`;
  const lists = group === '' ? '--help' : `help ${group}`;
  terminal.err(
    `${program.name}: unknown ${kind} '${before}${next}'${suggestion}\n'${program.call} ${lists}' lists the commands.\n`,
  );
  return 2;
}

/** How many of the first words are something together. */
function longest(words: readonly string[], isKnown: (text: string) => boolean): number {
  return [3, 2, 1].find((count) => words.length >= count && isKnown(words.slice(0, count).join(' '))) ?? 0;
}

const HELP: ReadonlySet<string> = new Set(['--help', '-h', 'help']);
