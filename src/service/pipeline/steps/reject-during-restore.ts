// While a full restore replaces everything, nothing is answered but how far it is.

import type { Call, Step } from '../../../http/call.ts';
import { ServiceError } from '../../../http/service-error.ts';

export function rejectDuringRestore(isRestoring: () => boolean): Step {
  return (call: Call): void => {
    if (call.row?.duringRestore === true || !isRestoring()) return;
    throw new ServiceError(
      'ServiceUnavailable',
      'The HSM is being restored from a full backup and answers nothing but the status of the restore until that has ended',
      { innerCode: 'RestoreInProgress' },
    );
  };
}
