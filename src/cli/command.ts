// What a command of `strongroom` is: a row with its words, options and examples, from which parsing and every help
// text come. Not the commands themselves; those are in `commands/`.

export type OptionSpec = {
  readonly description: string;
  readonly short?: string;
} & (
  | { readonly type: 'boolean' }
  /** `placeholder` names the value in help texts: `DIR`. */
  | { readonly type: 'string'; readonly placeholder: string; readonly multiple?: boolean; readonly default?: string }
);
export type OptionList = Readonly<Record<string, OptionSpec>>;

/** What the options of a list come out as: absent ones are `undefined`, those with a default are there. */
export type OptionValues<O extends OptionList> = {
  readonly [K in keyof O]: O[K] extends { type: 'boolean' }
    ? boolean
    : O[K] extends { multiple: true }
      ? readonly string[]
      : O[K] extends { default: string }
        ? string
        : string | undefined;
};

/** Where a command writes. `out` is its result and nothing else, `err` is everything said to a person. */
export interface Terminal {
  out(text: string): void;
  err(text: string): void;
}

export interface Command {
  /** The words that call it: `audit verify`. */
  readonly name: string;
  readonly summary: string;
  /** What follows the name in its usage line, options aside: `FILE...`; '' when it takes none. */
  readonly operands: string;
  /** Paragraphs of the help text, after the summary. */
  readonly details?: string;
  readonly options: OptionList;
  readonly examples: readonly string[];
  /** Resolves to the exit code: 0 done · 1 the answer is no, or it failed · 2 it was called wrongly · 3 it cannot be told. */
  run(values: Readonly<Record<string, unknown>>, operands: readonly string[], terminal: Terminal): Promise<number>;
}

/**
 * Declares a command; its options decide the type of the values that `run` is given. Load what is heavy inside `run`
 * (`await import(…)`), so that help stays instant. `--help` is understood everywhere and not declared.
 */
export function command<const O extends OptionList>(
  row: Omit<Command, 'options' | 'run'> & {
    readonly options: O;
    run(values: OptionValues<O>, operands: readonly string[], terminal: Terminal): Promise<number>;
  },
): Command {
  return row as unknown as Command;
}

/** The command was called wrongly: shown without a stack, with the usage; exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** The command could not do its work, for a reason its user can read and act on; exit code 1. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
}

/** Option shared by the commands that can answer as JSON. */
export const jsonOption = { json: { type: 'boolean', description: 'answer as JSON' } } as const satisfies OptionList;

/** Option shared by the commands that work on a data directory. */
export const dataOption = {
  data: {
    type: 'string',
    placeholder: 'DIR',
    description: 'data directory (default: $STRONGROOM_DATA, else ./data of the checkout)',
  },
} as const satisfies OptionList;
