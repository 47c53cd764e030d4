// Data actions as people write them: with or without what all of them begin with.
import { dataActions, findDataAction } from '../../../features/roles/data-actions.ts';
import { UsageError } from '../../command.ts';
import { nearest } from '../../nearest.ts';

const PREFIX = 'Microsoft.KeyVault/managedHsm/';

/** @throws UsageError with the action that was meant, if one is near */
export function checkDataAction(given: string): void {
  if ((findDataAction(given) ?? findDataAction(PREFIX + given)) !== undefined) return;
  const short = (action: string): string => (action.startsWith(PREFIX) ? action.slice(PREFIX.length) : action);
  const meant = nearest(short(given), dataActions.map(short));
  throw new UsageError(
    `there is no data action '${given.slice(0, 100)}'` +
      (meant === undefined ? '; docs/guide/roles.md lists them' : `; did you mean ${meant}?`),
  );
}
