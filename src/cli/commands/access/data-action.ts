// Data actions as people write them: with or without what all of them begin with, or by an operation's name as the log has it.
import { dataActions, findDataAction } from '../../../features/roles/data-actions.ts';
import { UsageError } from '../../command.ts';
import { nearest } from '../../nearest.ts';

const PREFIX = 'Microsoft.KeyVault/managedHsm/';

/** @throws UsageError with the action that was meant, if one is near */
export function checkDataAction(given: string): void {
  if ((findDataAction(given) ?? findDataAction(PREFIX + given)) !== undefined) return;
  // `KeyDecrypt`: which there are, the instance knows.
  if (/^[A-Z][A-Za-z]+$/.test(given)) return;
  const short = (action: string): string => (action.startsWith(PREFIX) ? action.slice(PREFIX.length) : action);
  const meant = nearest(short(given), dataActions.map(short));
  throw new UsageError(
    `there is no data action '${given.slice(0, 100)}'` +
      (meant === undefined
        ? '; docs/guide/roles.md lists them, and an operation as audit show names it does too'
        : `; did you mean ${meant}?`),
  );
}
