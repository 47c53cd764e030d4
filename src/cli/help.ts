// Every help text, made from the command rows.
import type { Command, OptionSpec } from './command.ts';

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

/** The list of commands, whole or below one noun. */
export function helpOfGroup(commands: readonly Command[], noun = '', program = STRONGROOM): string {
  const { call, tagline } = program;
  const shown = commands.filter((each) => noun === '' || each.name.startsWith(`${noun} `));
  return lines(
    noun === '' ? tagline : undefined,
    noun === '' ? '' : undefined,
    `Usage: ${call} ${noun === '' ? 'COMMAND' : `${noun} VERB`} [OPTIONS]`,
    '',
    'Commands:',
    ...table(shown.map((each) => [each.name, each.summary])),
    '',
    `'${call} ${noun === '' ? 'COMMAND' : `${noun} VERB`} --help' tells all about one.`,
    ...(noun === '' ? [`'${call} --version' prints the version.`] : []),
  );
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
  return text.replaceAll(new RegExp(`(^|["'\`(]|&& |\\| )${name} (?=[a-z-])`, 'gm'), `$1${call} `);
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
