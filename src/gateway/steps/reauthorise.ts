// A client decides when the last byte of its body comes. A right or a token that ended meanwhile must not serve a request
// whose headers were sent before.
import type { Records } from '../../store/sealed/records.ts';
import { ServiceError } from '../../wire/service-error.ts';
import type { Call } from '../call.ts';

/** @throws ServiceError Unauthorized | AccessDenied */
export async function reauthorise(
  call: Call,
  records: Pick<Records, 'refresh'>,
  authorised: (call: Call) => void,
): Promise<void> {
  await records.refresh();
  if (call.principal !== undefined && Date.now() / 1000 >= call.principal.expiresAt) {
    throw new ServiceError('Unauthorized', 'The token expired before the request was complete', {
      innerCode: 'Expired',
    });
  }
  authorised(call);
}
