// A command that asks an instance one thing and shows what it answers, in columns: the request, what the answer should be, and how
// it is shown to a person.
import type { Reader } from '../formats/shape.ts';
import type { Answer } from './command.ts';
import { type InstanceValues, type Method, openInstanceClient, readAnswer } from './instance-client.ts';

/** What is answered, which several commands may have. */
export interface Answered<T, V = InstanceValues> {
  /** In words: `clock`. */
  readonly what: string;
  readonly read: Reader<T>;
  /** `json` is the answer itself, unless it is another. */
  shown(answer: T, values: V): Omit<Answer, 'json'> | Promise<Omit<Answer, 'json'>>;
}

/** @returns how such a command runs @param request body absent: there is none */
export function asking<T, A extends InstanceValues, V extends A, P>(
  { what, read, shown }: Answered<T, A>,
  request: (values: V, operands: P) => readonly [method: Method, path: string, body?: object],
): (values: V, operands: P) => Promise<Answer> {
  return async (values, operands) => {
    const asked = request(values, operands);
    const client = openInstanceClient(values);
    const json = readAnswer(await client.ask(...asked), client.who, what, read);
    return { json, ...(await shown(json, values)) };
  };
}
