// The module says of every secret alike that it does not open the seal. Who typed a passphrase is told what that means.
import { CommandError } from './command.ts';

/** @param state that nothing was changed @returns what is to be thrown: the error itself where it is another */
export function explainPassphrase(error: unknown, state: string): unknown {
  const isWrong =
    error instanceof Error && error.name === 'CryptoError' && /does not open the seal/.test(error.message);
  if (!isWrong) return error;
  return new CommandError(
    `${state}: wrong passphrase. Try it again; where nobody knows it any more, the keys come back by custodians and a backup ` +
      'alone: docs/guide/recovery.md, list A',
    { cause: error },
  );
}
