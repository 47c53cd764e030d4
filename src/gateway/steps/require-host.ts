// Refuses names that are not this instance's, and says which are: only after the peer is let in.
import type { HostKind } from '../../wire/route.ts';
import { ServiceError } from '../../wire/service-error.ts';
import type { Call, Host, Step } from '../call.ts';
import { hostsBy } from '../names-by-way.ts';
import { isHere } from './assign-target.ts';

export function requireHost(hosts: () => ReadonlyMap<string, Host>, isServed: (kind: HostKind) => boolean): Step {
  return (call: Call): void => {
    if (call.host !== undefined) return;
    const names = hostsBy(hosts(), call.peer.way)
      .filter(({ kind }) => isHere(kind, call, isServed))
      .map((host) => host.authority);
    throw new ServiceError(
      'MisdirectedRequest',
      `This instance does not answer for that Host; its names are ${names.join(', ')}`,
    );
  };
}
