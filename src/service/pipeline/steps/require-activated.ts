// Before the security domain is taken, nothing works but taking it, or taking one over.

import type { Call, Step } from '../../../http/call.ts';
import { ServiceError } from '../../../http/service-error.ts';

/** @param isActive a promise while this worker is still learning of a ceremony that another ran */
export function requireActivated(isActive: () => boolean | Promise<boolean>): Step {
  return (call: Call): void | Promise<void> => {
    if (call.row?.activation === 'any') return;
    const active = isActive();
    return active instanceof Promise ? active.then(check) : check(active);
  };
}

function check(active: boolean): void {
  if (active) return;
  throw new ServiceError(
    'Forbidden',
    'The HSM is not activated. Download the security domain first: az keyvault security-domain download, or upload that ' +
      'of the HSM that this one replaces',
    { innerCode: 'NotActivated' },
  );
}
