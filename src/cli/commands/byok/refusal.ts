// Which failures of wrapping and checking are the user's to read: shown without a stack.
import { CommandError } from '../../command.ts';

const OWN: ReadonlySet<string> = new Set(['ByokError', 'TransferBlobError']);
const OF_FILES: ReadonlySet<string> = new Set(['ENOENT', 'EACCES', 'EEXIST', 'EISDIR', 'ENOTDIR', 'EPERM', 'ENOSPC']);

/** @throws CommandError, or what it was given */
export function refuse(error: unknown, before = ''): never {
  if (!(error instanceof Error)) throw error;
  const { code } = error as NodeJS.ErrnoException;
  if (error instanceof CommandError || !(OWN.has(error.name) || OF_FILES.has(code ?? ''))) throw error;
  throw new CommandError(before + error.message, { cause: error });
}
