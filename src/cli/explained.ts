// Which failures of what a command uses are its user's to read: they end it with their own words, where any other is a bug.
import { CommandError } from './command.ts';

/** Names of errors, `system` for those of the operating system, `node` for others with a code: what is said before their message. */
export type Explanations = Readonly<Record<string, string>>;

/** @throws CommandError in place of those, or the error of another kind that is named */
export function explained<T>(
  work: () => T,
  says: Explanations,
  Said: new (message: string, options: ErrorOptions) => Error = CommandError,
): T {
  const explain = (error: unknown): never => {
    if (!(error instanceof Error) || error instanceof CommandError) throw error;
    const kinds = [error.name, 'syscall' in error ? 'system' : '', 'code' in error ? 'node' : ''];
    const kind = kinds.find((each) => Object.hasOwn(says, each));
    if (kind === undefined) throw error;
    throw new Said(`${says[kind]}${error.message}`, { cause: error });
  };
  try {
    const result = work();
    return result instanceof Promise ? (result.catch(explain) as T) : result;
  } catch (error) {
    return explain(error);
  }
}
