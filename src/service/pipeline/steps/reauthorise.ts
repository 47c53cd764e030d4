// A client decides when the last byte of its body comes. What the state decides – network rules, names that are answered, a
// restore, the token, rights – is asked again then: a request whose headers were let in before is not served by what was.

import type { Call, Step } from '../../../http/call.ts';
import { ServiceError } from '../../../http/service-error.ts';
import type { Records } from '../../../store/sealed/records.ts';

/** @param steps those whose verdict can have changed, in the order of the pipeline. @throws ServiceError what they refuse with */
export async function reauthorise(
  call: Call,
  records: Pick<Records, 'refresh'>,
  steps: readonly Step[],
): Promise<void> {
  await records.refresh();
  for (const step of steps) {
    const pending = step(call);
    if (pending !== undefined) await pending;
  }
}

/** @throws ServiceError Unauthorized */
export function requireUnexpired({ principal }: Call): void {
  if (principal !== undefined && Date.now() / 1000 >= principal.expiresAt) {
    throw new ServiceError('Unauthorized', 'The token expired before the request was complete', {
      innerCode: 'Expired',
    });
  }
}
