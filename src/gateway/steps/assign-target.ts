// Decodes the target and finds the name under which the client reached us.

import { ServiceError } from '../../wire/service-error.ts';
import type { Call, Host, Step } from '../call.ts';
import { readRequestTarget } from '../request-target.ts';

/** @param hosts by authority in lower case, port included unless 443 */
export function assignTarget(hosts: ReadonlyMap<string, Host>): Step {
  return (call: Call): void => {
    const authority = (call.request.headers.host ?? '').toLowerCase();
    call.host = hosts.get(authority) ?? hosts.get(authority.replace(/:443$/, ''));
    if (call.host === undefined) {
      throw new ServiceError(
        'MisdirectedRequest',
        `This instance does not answer for that Host; its names are ${[...hosts.keys()].join(', ')}`,
      );
    }
    const target = readRequestTarget(call.request.url ?? '');
    call.path = target.path;
    call.query = target.query;
  };
}
