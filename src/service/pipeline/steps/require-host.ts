// Refuses names that are not this instance's, and says which are: only after the peer is let in.

import type { Call, Host, Step } from '../../../http/call.ts';
import type { HostKind } from '../../../http/route.ts';
import { ServiceError } from '../../../http/service-error.ts';
import { hostAt, hostsBy } from '../names-by-way.ts';
import { isHere } from './assign-target.ts';

/** @param name what the instance is called */
export function requireHost(
  hosts: () => ReadonlyMap<string, Host>,
  isServed: (kind: HostKind) => boolean,
  name: string,
): Step {
  return (call: Call): void => {
    if (call.host !== undefined) return;
    const names = hostsBy(hosts(), call.peer.way)
      .filter(({ kind }) => isHere(kind, call, isServed))
      .map((host) => host.authority);
    const asked = call.request.headers.host?.toLowerCase() ?? '';
    const isVault = hostAt(hosts(), asked, call.peer.way)?.kind === 'vault';
    throw new ServiceError(
      'MisdirectedRequest',
      `This instance does not answer for that Host; its names are ${names.join(', ')}${isVault ? turnOn(name) : ''}`,
    );
  };
}

/** For clients that know vaults alone: their name is not answered unless somebody wants it. */
function turnOn(name: string): string {
  return (
    '. Under the name of a vault it answers once the setting StrongroomVaultAlias is true: ' +
    `az keyvault setting update --hsm-name ${name} --name StrongroomVaultAlias --value true`
  );
}
