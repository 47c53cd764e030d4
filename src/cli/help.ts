// Every help text, made from the command rows.
import type { Command, OptionSpec } from './command.ts';

export const TAGLINE = 'strongroom - the managed HSM you run yourself';

/** The list of commands, whole or below one noun. */
export function helpOfGroup(commands: readonly Command[], noun = ''): string {
  const shown = commands.filter((each) => noun === '' || each.name.startsWith(`${noun} `));
  return lines(
    noun === '' ? TAGLINE : undefined,
    noun === '' ? '' : undefined,
    `Usage: strongroom ${noun === '' ? 'COMMAND' : `${noun} VERB`} [OPTIONS]`,
    '',
    'Commands:',
    ...table(shown.map((each) => [each.name, each.summary])),
    '',
    `'strongroom ${noun === '' ? 'COMMAND' : `${noun} VERB`} --help' tells all about one.`,
    ...(noun === '' ? ["'strongroom --version' prints the version."] : []),
  );
}

export function helpOf(command: Command): string {
  return lines(
    `strongroom ${command.name} - ${command.summary}`,
    '',
    usageOf(command),
    ...(command.details === undefined ? [] : ['', command.details.trim()]),
    '',
    'Options:',
    ...table([
      ...Object.entries(command.options).map(([name, spec]): [string, string] => [
        optionWord(name, spec),
        described(spec),
      ]),
      ['-h, --help', 'this text'],
    ]),
    ...(command.examples.length === 0 ? [] : ['', 'Examples:', ...command.examples.map((each) => `  ${each}`)]),
  );
}

export function usageOf(command: Command): string {
  return `Usage: strongroom ${command.name} [OPTIONS]${command.operands === '' ? '' : ` ${command.operands}`}`;
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
