// What a command of `strongroom` is: a row with its words, options and examples, from which parsing, every help text and the
// reference page come. Not the commands themselves; those are in `commands/`, a file for each word they begin with.
import { Refusal } from '../formats/refusal.ts';

/**
 * What each option means, under how it is written: `all`, `verbose|v` with its letter, `key FILE`, `days N (30)` with what it is
 * when absent, `key FILE...` which may come several times.
 */
export type OptionList = Readonly<Record<string, string>>;

type NameOf<K extends string> = K extends `${infer N} ${string}` ? N : K extends `${infer N}|${string}` ? N : K;
type ValueOf<K extends string> = K extends `${string} ${string}...`
  ? readonly string[]
  : K extends `${string} ${string} (${string})`
    ? string
    : K extends `${string} ${string}`
      ? string | undefined
      : boolean;

/** What the options of a list come out as. */
export type OptionValues<O extends OptionList> = {
  readonly [K in keyof O & string as NameOf<K>]: ValueOf<K>;
};

type Named<V, N> = { readonly [K in keyof V]: K extends keyof N ? string : V[K] };

type OperandValues<T extends string> = T extends ''
  ? readonly []
  : T extends `${infer First} ${infer Rest}`
    ? readonly [...OperandValue<First>, ...OperandValues<Rest>]
    : OperandValue<T>;
type OperandValue<T extends string> = T extends `[${string}...]`
  ? readonly string[]
  : T extends `[${string}]`
    ? readonly [string?]
    : T extends `${string}...`
      ? readonly [string, ...string[]]
      : readonly [string];

/** Where a command writes. `out` is its result and nothing else, `err` is everything said to a person. */
export interface Terminal {
  out(text: string): void;
  err(text: string): void;
}

/** What a command found, in either form; one of them is shown. */
export interface Answer {
  readonly json: unknown;
  readonly text: string;
  /** Said to a person, beside `text`. */
  readonly hint?: string | undefined;
  /** Said to a person in any case. */
  readonly note?: string | undefined;
  /** Why it failed all the same; then the exit code is 1. */
  readonly failure?: string | undefined;
  /** 0 unless said otherwise. */
  readonly exit?: number;
}

/** A text alone is the result of one that has no `--json`; a number is an exit code, all else having been said. */
export type Outcome = number | string | Answer;

export interface Command {
  /** The words that call it: `audit verify`. */
  readonly name: string;
  readonly summary: string;
  /** What follows the name in its usage line, options aside: `FILE`, `[DIR|URI]`, `FILE...`; '' when it takes none. */
  readonly operands: string;
  /** Said when there are fewer or more of them; absent: the command looks at them itself. */
  readonly wants?: string;
  /** Options that must be there, and what is said when they are not. */
  readonly needs?: Readonly<Record<string, string>>;
  /** Paragraphs of the help text, after the summary. */
  readonly details?: string;
  readonly options: OptionList;
  readonly examples: readonly string[];
  /** Failures of what it uses that are its user's to read, as `explained` has them. */
  readonly explains?: Readonly<Record<string, string>>;
  /** A number is the exit code: 0 done · 1 the answer is no, or it failed · 2 it was called wrongly · 3 it cannot be told. */
  run(
    values: Readonly<Record<string, unknown>>,
    operands: readonly string[],
    terminal: Terminal,
  ): Outcome | Promise<Outcome>;
}

/**
 * Declares a command; its words decide the types of what `run` is given, and operands are '' where none are named. `--help` is
 * understood everywhere and not declared.
 */
export function command<
  const O extends OptionList,
  const P extends string = '',
  const W extends string | undefined = undefined,
  const N extends { readonly [K in keyof OptionValues<O>]?: string } = object,
>(
  row: Omit<Command, 'options' | 'run' | 'operands' | 'wants' | 'needs'> & {
    readonly options: O;
    readonly operands?: P;
    readonly wants?: W;
    readonly needs?: N;
    run(
      values: Named<OptionValues<O>, N>,
      operands: W extends string ? OperandValues<P> : readonly string[],
      terminal: Terminal,
    ): Outcome | Promise<Outcome>;
  },
): Command {
  return { operands: '', ...row } as unknown as Command;
}

/** A word that commands begin with. */
export interface Noun {
  readonly noun: string;
  /** What its commands have in common; absent: it is a command by itself, and lists say what that does. */
  readonly summary: string | undefined;
  /** What that does, where lists need not load it. */
  readonly alone?: string | undefined;
  load(): Promise<{ readonly commands: readonly Command[] }>;
}

/** Of some of the words. */
export async function commandsOf(nouns: readonly Noun[]): Promise<readonly Command[]> {
  return (await Promise.all(nouns.map((each) => each.load()))).flatMap(({ commands }) => commands);
}

/** Words of commands that are loaded. @param summaries of words that several have in common */
export function nounsOf(
  commands: readonly Command[],
  summaries: Readonly<Record<string, string>> = {},
): readonly Noun[] {
  const first = ({ name }: Command): string => name.split(' ', 1)[0] ?? '';
  return [...new Set(commands.map(first))].map((noun) => ({
    noun,
    summary: summaries[noun],
    load: () => Promise.resolve({ commands: commands.filter((each) => first(each) === noun) }),
  }));
}

// What commands are made of ends in one of these two; comments name what else is thrown, or what nobody would expect.

/** The command was called wrongly: shown without a stack, with the usage; exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** The command could not do its work, for a reason its user can read and act on; exit code 1. */
export class CommandError extends Refusal {
  override readonly name: string = 'CommandError';
}

/** Option shared by the commands that can answer as JSON. */
export const jsonOption = { json: 'answer as JSON' } as const;

/** Option shared by the commands that work on a data directory. */
export const dataOption = {
  'data DIR': 'data directory (default: $STRONGROOM_DATA, else ./data of the checkout)',
} as const;
