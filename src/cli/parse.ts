// Turns the words after a command's name into its typed values, or says what is wrong with them.
import { parseArgs } from 'node:util';
import { type Command, UsageError } from './command.ts';
import { nearest } from './nearest.ts';

export interface ParsedArguments {
  readonly help: boolean;
  readonly values: Readonly<Record<string, unknown>>;
  readonly operands: readonly string[];
}

/** @throws UsageError for an unknown option (with the nearest known one), a missing value or spare operands */
export function parseArguments(command: Command, words: readonly string[]): ParsedArguments {
  const options: Record<string, { type: 'boolean' | 'string'; short?: string; multiple?: boolean; default?: string }> =
    {
      help: { type: 'boolean', short: 'h' },
    };
  for (const [name, spec] of Object.entries(command.options)) {
    options[name] = { type: spec.type };
    if (spec.short !== undefined) options[name].short = spec.short;
    if (spec.type === 'string' && spec.multiple) options[name].multiple = true;
    if (spec.type === 'string' && spec.default !== undefined) options[name].default = spec.default;
  }
  let parsed: { values: Record<string, unknown>; positionals: string[] };
  try {
    parsed = parseArgs({ args: [...words], options, strict: true, allowPositionals: true });
  } catch (error) {
    throw usageErrorOf(error, words, Object.keys(options));
  }
  if (command.operands === '' && parsed.positionals.length > 0 && !parsed.values['help']) {
    throw new UsageError(`'${command.name}' takes no operands, but was given '${parsed.positionals[0]}'`);
  }
  for (const [name, spec] of Object.entries(command.options)) {
    if (spec.type === 'boolean') parsed.values[name] ??= false;
    else if (spec.multiple) parsed.values[name] ??= [];
    else if (parsed.values[name] === '') throw new UsageError(`option '--${name}' needs a ${spec.placeholder}`);
  }
  return { help: parsed.values['help'] === true, values: parsed.values, operands: parsed.positionals };
}

function usageErrorOf(error: unknown, words: readonly string[], known: readonly string[]): unknown {
  if (!(error instanceof Error) || !('code' in error)) return error;
  if (error.code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION') {
    const given = words.map(optionOf).find((name) => name !== undefined && !known.includes(name)) ?? '';
    const near = known.find((name) => name === MEANT.get(given)) ?? nearest(given, known);
    const word = words.find((each) => optionOf(each) === given)?.split('=')[0] ?? /'([^']+)'/.exec(error.message)?.[1];
    return new UsageError(`unknown option '${word}'${near ? ` (did you mean '--${near}'?)` : ''}`);
  }
  if (error.code === 'ERR_PARSE_ARGS_INVALID_OPTION_VALUE') return new UsageError(firstSentence(error.message));
  return error;
}

/** What other programs call it, and this one did: no slip leads from one to the other. */
const MEANT: ReadonlyMap<string, string> = new Map(
  ['instance', 'hsm', 'name', 'vault-name'].map((word) => [word, 'hsm-name']),
);

function optionOf(word: string): string | undefined {
  return /^--([^=]+)/.exec(word)?.[1];
}

function firstSentence(text: string): string {
  const sentence = text.split(/[.\n]/, 1)[0] ?? text;
  return sentence.charAt(0).toLowerCase() + sentence.slice(1);
}
