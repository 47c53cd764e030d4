// The command line of `npm run bench`, read strictly: an option that is not known or not right is refused.
import { type ParseArgsConfig, parseArgs } from 'node:util';

export interface BenchOptions {
  readonly names: readonly string[];
  readonly seconds: number;
  readonly connections: number;
  readonly json: string | undefined;
  readonly profile: string | undefined;
  /** To append what was found to the history. */
  readonly record: boolean;
}

export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** @throws UsageError */
export function readArguments(words: readonly string[], known: readonly string[]): BenchOptions {
  const { values, positionals } = readWords(
    words,
    {
      only: { type: 'string' },
      seconds: { type: 'string', default: '5' },
      connections: { type: 'string', default: '64' },
      json: { type: 'string' },
      profile: { type: 'string' },
      record: { type: 'boolean' },
    },
    true,
  );
  const only = values.only === undefined ? [] : values.only.split(',');
  const asked = [...positionals, ...only];
  const names = namesAskedFor(asked, known, known);
  const record = values.record === true;
  if (record && (asked.length > 0 || values.profile !== undefined)) {
    throw new UsageError('--record takes a run of all operations, without --profile');
  }
  return {
    names,
    seconds: numberOf('seconds', values.seconds, 0.2, 600),
    connections: wholeNumberOf('connections', values.connections, 1, 1024),
    json: values.json,
    profile: values.profile,
    record,
  };
}

/** In the order of `known`; `usual` when none is asked for. @throws UsageError */
export function namesAskedFor(
  asked: readonly string[],
  known: readonly string[],
  usual: readonly string[],
): readonly string[] {
  const unknown = asked.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new UsageError(`'${unknown}' is not measured; choose from ${known.join(', ')}`);
  return asked.length === 0 ? usual : known.filter((name) => asked.includes(name));
}

type Options = NonNullable<ParseArgsConfig['options']>;

/** One way for all modes; `--help` was answered before. @throws UsageError in one line of our own */
export function readWords<const O extends Options, const P extends boolean = false>(
  words: readonly string[],
  options: O,
  allowPositionals?: P,
) {
  const args = [...words];
  const { tokens } = parseArgs({ args, options, strict: false, allowPositionals: true, tokens: true });
  for (const token of tokens) {
    if (token.kind === 'positional' && allowPositionals !== true) {
      throw new UsageError(`'${token.value}' is not expected here (see --help)`);
    }
    if (token.kind !== 'option') continue;
    const option = options[token.name];
    if (option === undefined) throw new UsageError(`there is no option ${token.rawName} here (see --help)`);
    const hasValue = token.value !== undefined && (token.inlineValue === true || !token.value.startsWith('-'));
    if (option.type === 'string' && !hasValue) throw new UsageError(`${token.rawName} takes a value`);
    if (option.type === 'boolean' && token.value !== undefined) {
      throw new UsageError(`${token.rawName} takes no value`);
    }
  }
  return parseArgs({ args, options, allowPositionals: allowPositionals ?? false });
}

/** @throws UsageError */
export function numberOf(name: string, text: string, least: number, most: number): number {
  const value = /^[0-9]+(\.[0-9]+)?$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= least && value <= most)) throw new UsageError(`--${name} takes a number from ${least} to ${most}`);
  return value;
}

export function wholeNumberOf(name: string, text: string, least: number, most: number): number {
  const value = numberOf(name, text, least, most);
  if (!Number.isInteger(value)) throw new UsageError(`--${name} takes a whole number`);
  return value;
}
