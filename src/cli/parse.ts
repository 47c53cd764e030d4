// Turns the words after a command's name into its typed values, or says what is wrong with them.
import { parseArgs } from 'node:util';
import { type Command, type OptionList, UsageError } from './command.ts';
import { hsmNameOf } from './hsm-name.ts';
import { nearest } from './nearest.ts';

/** `placeholder` names an option's value in help texts; undefined: it has none. */
export function optionsOf(list: OptionList) {
  return Object.entries(list).map(([spec, description]) => {
    const [, name = spec, letter, placeholder, dots, fallback] =
      /^([\w-]+)(?:\|(\w))?(?: ([^ ]+?)(\.\.\.)?(?: \((.+)\))?)?$/.exec(spec) ?? [];
    return { name, letter, placeholder, isRepeated: dots !== undefined, fallback, description };
  });
}

export type Option = ReturnType<typeof optionsOf>[number];

/** @throws UsageError for an unknown option (with the nearest known one), a missing value, missing or spare operands */
export function parseArguments(
  command: Command,
  words: readonly string[],
): {
  readonly help: boolean;
  readonly values: Readonly<Record<string, unknown>>;
  readonly operands: readonly string[];
} {
  const options = optionsOf(command.options);
  let parsed: { values: Record<string, unknown>; positionals: string[] };
  try {
    parsed = parseArgs({
      args: joined(words, options),
      options: forParser(options),
      strict: true,
      allowPositionals: true,
    });
  } catch (error) {
    throw usageErrorOf(error, options);
  }
  const { values, positionals: operands } = parsed;
  if (values['help'] === true) return { help: true, values, operands };
  if (command.operands === '' && operands.length > 0) {
    throw new UsageError(`'${command.name}' takes no operands, but was given '${operands[0]}'`);
  }
  for (const { name, placeholder, isRepeated } of options) {
    if (placeholder === undefined) values[name] ??= false;
    else if (isRepeated) values[name] ??= [];
    else if (values[name] === '') throw new UsageError(`option '--${name}' needs a ${placeholder}`);
  }
  checkGiven(command, values, operands);
  return { help: false, values, operands };
}

/** Completes `values` where the instance was named by a word. @throws UsageError */
export function checkGiven(command: Command, values: Record<string, unknown>, operands: readonly string[]): void {
  if (command.operands === 'NAME' && command.needs?.['hsm-name'] !== undefined) {
    values['hsm-name'] = hsmNameOf(values['hsm-name'] as string | undefined, operands);
  }
  if (command.wants !== undefined && !fits(command.operands, operands.length)) throw new UsageError(command.wants);
  for (const [name, wanted] of Object.entries(command.needs ?? {})) {
    if (values[name] === undefined) throw new UsageError(wanted);
  }
}

/** Options that must be there; an instance can be named by a word instead. */
export function requiredOf({ operands, needs = {} }: Command): ReadonlySet<string> {
  return new Set(Object.keys(needs).filter((name) => name !== 'hsm-name' || operands !== 'NAME'));
}

/**
 * A value may begin with a hyphen, as one in 64 keys in base64url does: only what has two, or is the letter of an option of this
 * command, is an option.
 */
function joined(words: readonly string[], options: readonly Option[]): string[] {
  const taking = new Set(options.filter(({ placeholder }) => placeholder !== undefined).map(({ name }) => `--${name}`));
  const letters = new Set(['h', ...options.map(({ letter }) => letter)]);
  const args: string[] = [];
  for (const word of words) {
    const before = args.at(-1) ?? '';
    const isValue = /^-[^-]/.test(word) && !letters.has(word.slice(1)) && taking.has(before) && !args.includes('--');
    if (isValue) args[args.length - 1] = `${before}=${word}`;
    else args.push(word);
  }
  return args;
}

function forParser(options: readonly Option[]): NonNullable<Parameters<typeof parseArgs>[0]>['options'] {
  const known: ReturnType<typeof forParser> = { help: { type: 'boolean', short: 'h' } };
  for (const { name, letter, placeholder, isRepeated, fallback } of options) {
    known[name] = {
      type: placeholder === undefined ? 'boolean' : 'string',
      ...(letter === undefined ? {} : { short: letter }),
      ...(isRepeated ? { multiple: true } : {}),
      ...(fallback === undefined ? {} : { default: fallback }),
    };
  }
  return known;
}

function fits(operands: string, count: number): boolean {
  const words = operands.split(' ');
  const least = words.filter((word) => !word.startsWith('[')).length;
  return count >= least && (operands.includes('...') || count <= words.length);
}

function usageErrorOf(error: unknown, options: readonly Option[]): unknown {
  if (!(error instanceof Error) || !('code' in error)) return error;
  if (error.code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION') {
    const [, word = ''] = /^Unknown option '(.*?)'(?:\. To specify|$)/s.exec(error.message) ?? [];
    const [, given = ''] = /^--(.+)/s.exec(word) ?? [];
    const known = ['help', ...options.map(({ name }) => name)];
    const near = known.find((name) => name === MEANT.get(given)) ?? nearest(given, known);
    return new UsageError(`unknown option '${word}'${near ? ` (did you mean '--${near}'?)` : ''}`);
  }
  if (error.code === 'ERR_PARSE_ARGS_INVALID_OPTION_VALUE') {
    const [, name = ''] = /--([\w-]+)/.exec(error.message) ?? [];
    const placeholder = options.find((each) => each.name === name)?.placeholder;
    return new UsageError(
      `option '--${name}' ${placeholder === undefined ? 'takes no value' : `needs a ${placeholder}`}`,
    );
  }
  return error;
}

/** What other programs call it, and this one did: no slip leads from one to the other. */
const MEANT: ReadonlyMap<string, string> = new Map(
  ['instance', 'hsm', 'name', 'vault-name'].map((word) => [word, 'hsm-name']),
);
