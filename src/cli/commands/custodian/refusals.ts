// Errors of the custodian's tool that a person can act on, as the command line says them.
import { CommandError, command } from '../../command.ts';

const REFUSALS: ReadonlySet<string> = new Set(['Refusal', 'ShapeError', 'JweError']);

/** Declares a command; what its user can act on comes out as a CommandError. */
export const custodianCommand: typeof command = (row) => {
  const made = command(row);
  return { ...made, run: (...given) => orRefuse(async () => made.run(...given)) };
};

/** Runs what a command does; what its user can act on comes out as a CommandError. @param prefix of refusals */
export async function orRefuse<T>(run: () => Promise<T>, prefix = ''): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    if ('syscall' in error) throw new CommandError(fileProblem(error), { cause: error });
    if (REFUSALS.has(error.name)) throw new CommandError(`${prefix}${error.message}`, { cause: error });
    throw error;
  }
}

function fileProblem(error: Error & { readonly code?: string; readonly path?: string }): string {
  const { code, path = 'a file' } = error;
  if (code === 'ENOENT') return `there is no file ${path}`;
  if (code === 'EACCES') return `${path} may not be read or written`;
  if (code === 'ENOSPC') return `${path} cannot be written: the disk is full`;
  return `${path} cannot be read or written (${code})`;
}
