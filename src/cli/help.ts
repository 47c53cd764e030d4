// Every help text, made from the command rows.
import type { Command, OptionSpec } from './command.ts';
import { groups } from './groups.ts';

/** How the program that has the commands is called. */
export interface Program {
  readonly name: string;
  /** As people call it, so that what is shown can be pasted. */
  readonly call: string;
  readonly tagline: string;
  /** What commands have in common that begin with a word: then the list of all commands has one line for them. */
  readonly groups: Readonly<Record<string, string>>;
}

export const STRONGROOM: Program = {
  name: 'strongroom',
  call: './strongroom',
  tagline: 'strongroom - the managed HSM you run yourself',
  groups,
};

/** What there is: commands, and groups of them. */
export function helpOfAll(commands: readonly Command[], { call, tagline, groups: lined }: Program): string {
  const alone = commands.filter(({ name }) => !Object.hasOwn(lined, nounOf(name)));
  const nouns = new Set(commands.map(({ name }) => nounOf(name)));
  const shown = Object.entries(lined).filter(([noun]) => nouns.has(noun));
  return lines(
    tagline,
    '',
    `Usage: ${call} COMMAND [OPTIONS]`,
    '',
    'Commands:',
    ...table(alone.map(({ name, summary }) => [name, summary])),
    '',
    ...(shown.length === 0 ? [] : [`Groups of commands, each listed by '${call} help GROUP':`, ...table(shown), '']),
    `'${call} COMMAND --help' tells all about one.`,
    `'${call} --version' prints the version.`,
  );
}

function nounOf(name: string): string {
  return name.split(' ', 1)[0] ?? '';
}

/** The commands that begin with these words. */
export function helpOfGroup(commands: readonly Command[], noun: string, { call }: Program): string {
  return lines(
    `Usage: ${call} ${noun} VERB [OPTIONS]`,
    '',
    ...verbsOf(commands, noun),
    '',
    `'${call} ${noun} VERB --help' tells all about one.`,
  );
}

/** Below the help of a command that is called by the word of its group alone. */
export function verbsOf(commands: readonly Command[], noun: string): readonly string[] {
  const shown = commands.filter(({ name }) => name === noun || name.startsWith(`${noun} `));
  return ['Commands:', ...table(shown.map(({ name, summary }) => [name, summary]))];
}

export function helpOf(command: Command, program = STRONGROOM): string {
  return lines(
    `${program.name} ${command.name} - ${command.summary}`,
    '',
    usageOf(command, program),
    ...(command.details === undefined ? [] : ['', asCalled(command.details.trim(), program)]),
    '',
    'Options:',
    ...table([
      ...Object.entries(command.options).map(([name, spec]): [string, string] => [
        optionWord(name, spec),
        described(spec),
      ]),
      ['-h, --help', 'this text'],
    ]),
    ...(command.examples.length === 0
      ? []
      : ['', 'Examples:', ...command.examples.map((each) => `  ${asCalled(each, program)}`)]),
  );
}

export function usageOf(command: Command, program = STRONGROOM): string {
  return `Usage: ${program.call} ${command.name} [OPTIONS]${command.operands === '' ? '' : ` ${command.operands}`}`;
}

/** The rows go by the program's name. */
function asCalled(text: string, { name, call }: Program): string {
  return text.replaceAll(
    new RegExp(`(^|["'\`(]|&& |\\| )${name} (?=[a-z-])`, 'gm'),
    (_, before: string) => `${before}${call} `,
  );
}

function optionWord(name: string, spec: OptionSpec): string {
  const short = spec.short === undefined ? '    ' : `-${spec.short}, `;
  return `${short}--${name}${spec.type === 'string' ? ` ${spec.placeholder}` : ''}`;
}

function described(spec: OptionSpec): string {
  return spec.type === 'string' && spec.default !== undefined
    ? `${spec.description} (default: ${spec.default})`
    : spec.description;
}

function table(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`);
}

function lines(...parts: readonly (string | undefined)[]): string {
  return `${parts.filter((part) => part !== undefined).join('\n')}\n`;
}
