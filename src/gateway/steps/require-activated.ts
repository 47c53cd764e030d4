// Before the security domain is taken, nothing works but taking it, or taking one over.
import { ServiceError } from '../../wire/service-error.ts';
import type { Call, Step } from '../call.ts';

export function requireActivated(isActive: () => boolean): Step {
  return (call: Call): void => {
    if (call.row?.activation === 'any' || isActive()) return;
    throw new ServiceError(
      'Forbidden',
      'The HSM is not activated. Download the security domain first: az keyvault security-domain download, or upload ' +
        'that of the HSM that this one replaces',
      {
        innerCode: 'NotActivated',
      },
    );
  };
}
