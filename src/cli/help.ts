// Every help text, made from the command rows.
import { type Command, commandsOf, type Noun } from './command.ts';
import { type Option, optionsOf, requiredOf } from './parse.ts';

/** How the program that has the commands is called. */
export interface Program {
  readonly name: string;
  /** As people call it, so that what is shown can be pasted. */
  readonly call: string;
  readonly tagline: string;
}

export const STRONGROOM: Program = {
  name: 'strongroom',
  call: './strongroom',
  tagline: 'strongroom - the managed HSM you run yourself',
};

/** What there is: commands, and groups of them. */
export async function helpOfAll(nouns: readonly Noun[], { call, tagline }: Program): Promise<string> {
  const unloaded = nouns.filter(({ summary, alone }) => summary === undefined && alone === undefined);
  const known = nouns.flatMap(({ noun, alone }) => (alone === undefined ? [] : [[noun, alone] as const]));
  const loaded = (await commandsOf(unloaded)).map(({ name, summary }) => [name, summary] as const);
  const groups = nouns.flatMap(({ noun, summary }) => (summary === undefined ? [] : [[noun, summary] as const]));
  return lines(
    tagline,
    '',
    `Usage: ${call} COMMAND [OPTIONS]`,
    '',
    'Commands:',
    ...table([...known, ...loaded]),
    '',
    ...(groups.length === 0 ? [] : [`Groups of commands, each listed by '${call} help GROUP':`, ...table(groups), '']),
    `'${call} COMMAND --help' tells all about one.`,
    `'${call} --version' prints the version.`,
  );
}

/** The commands that begin with these words. */
export function helpOfGroup(commands: readonly Command[], words: string, { call }: Program): string {
  return lines(
    `Usage: ${call} ${words} VERB [OPTIONS]`,
    '',
    ...verbsOf(commands, words),
    '',
    `'${call} ${words} VERB --help' tells all about one.`,
  );
}

/** Below the help of a command that is called by the word of its group alone. */
export function verbsOf(commands: readonly Command[], words: string): readonly string[] {
  const shown = commands.filter(({ name }) => name === words || name.startsWith(`${words} `));
  return ['Commands:', ...table(shown.map(({ name, summary }) => [name, summary]))];
}

export function helpOf(command: Command, program = STRONGROOM): string {
  const { name, summary, details, options, examples } = command;
  const required = requiredOf(command);
  return lines(
    `${program.name} ${name} - ${summary}`,
    '',
    usageOf(command, program),
    ...(details === undefined ? [] : ['', asCalled(details.trim(), program)]),
    '',
    'Options:',
    ...table([...optionsOf(options).map((option) => optionRow(option, required)), ['-h, --help', 'this text']]),
    ...(examples.length === 0 ? [] : ['', 'Examples:', ...examples.map((each) => `  ${asCalled(each, program)}`)]),
  );
}

export function usageOf({ name, operands }: Command, program = STRONGROOM): string {
  return `Usage: ${program.call} ${name} [OPTIONS]${operands === '' ? '' : ` ${operands}`}`;
}

/** Below the usage, where a call was wrong. */
export function moreOf({ name }: Command, { call }: Program): string {
  return `'${call} ${name} --help' tells all about it.`;
}

/** The rows go by the program's name. */
function asCalled(text: string, { name, call }: Program): string {
  return text.replaceAll(
    new RegExp(`(^|["'\`(]|&& |\\| )${name} (?=[a-z-])`, 'gm'),
    (_, before: string) => `${before}${call} `,
  );
}

function optionRow(option: Option, required: ReadonlySet<string>): readonly [string, string] {
  const { letter } = option;
  return [`${letter === undefined ? '    ' : `-${letter}, `}${writtenAs(option)}`, meaningOf(option, required)];
}

export function writtenAs({ name, placeholder }: Option): string {
  return `--${name}${placeholder === undefined ? '' : ` ${placeholder}`}`;
}

/** @param required names of the options that must be there */
export function meaningOf({ name, description, fallback }: Option, required: ReadonlySet<string> = new Set()): string {
  if (required.has(name)) return `${description} (required)`;
  return fallback === undefined ? description : `${description} (default: ${fallback})`;
}

function table(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`);
}

function lines(...parts: readonly string[]): string {
  return `${parts.join('\n')}\n`;
}
