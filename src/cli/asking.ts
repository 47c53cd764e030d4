// A command that asks an instance one thing and shows what it answers is a row: its request, what the answer should be, and how
// that is shown to a person.
import type { Reader } from '../formats/shape.ts';
import {
  type Answer,
  type Command,
  jsonOption,
  type OperandsOf,
  type OptionList,
  type OptionValues,
  type ValuesOf,
  type Words,
} from './command.ts';
import {
  type InstanceValues,
  instanceOptions,
  type Method,
  openInstanceClient,
  readAnswer,
} from './instance-client.ts';

/** `body` absent: there is none. */
export type Request = readonly [method: Method, path: string, body?: object];

/** Of an answer. `json` is the answer itself, unless it is another. */
export type Shown = Omit<Answer, 'json'> & Partial<Answer>;

/** The columns that follow from what kind of thing is answered, so that several commands have them. */
export interface Answered<T> {
  /** In words: `clock`. */
  readonly what: string;
  readonly read: Reader<T>;
  shown(answer: T, values: InstanceValues): Shown | Promise<Shown>;
}

export function asking<
  T,
  const O extends OptionList = Record<never, never>,
  const P extends string = '',
  const W extends string | undefined = undefined,
  const N extends { readonly [K in keyof OptionValues<O>]?: string } = object,
>({
  request,
  what,
  read,
  shown,
  ...row
}: Omit<Words<O, P, W, N>, 'options'> & {
  /** Beside those of every such command. */
  readonly options?: O;
  request(values: ValuesOf<O, N> & InstanceValues, operands: OperandsOf<P, W>): Request;
  readonly what: string;
  readonly read: Reader<T>;
  shown(answer: NoInfer<T>, values: ValuesOf<O, N> & InstanceValues): Shown | Promise<Shown>;
}): Command {
  const words = { operands: '', ...row, options: { ...row.options, ...instanceOptions, ...jsonOption } };
  const run = async (values: ValuesOf<O, N> & InstanceValues, operands: OperandsOf<P, W>): Promise<Answer> => {
    const asked = request(values, operands);
    const client = openInstanceClient(values);
    const json = readAnswer(await client.ask(...asked), client.who, what, read);
    return { json, ...(await shown(json, values)) };
  };
  return { ...words, run } as unknown as Command;
}
