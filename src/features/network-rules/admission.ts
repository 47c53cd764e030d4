// Whether a peer may speak to the data plane at all. Decided from its address and the way it came, before anything that
// it sends is believed; roles are asked afterwards, and a peer that is let in has no right yet.
import { type IpRange, isInRange, readIpAddress, readIpRange } from '../../formats/ip-address.ts';
import type { NetworkRules } from '../../formats/network-rules.ts';

/** As `http/connection.ts` tells it. */
export interface ArrivingPeer {
  /** '' for one without an address. */
  readonly address: string;
  readonly way: 'public' | 'direct' | { readonly private: string };
}

/** `undefined`: let in; else why not. */
export type Refusal = 'PublicNetworkAccessDisabled' | 'AddressNotAllowed' | 'ConnectionNotApproved';

/** Rules compiled once, asked for every request: a change holds on open connections too. */
export function compileRules(rules: NetworkRules): (peer: ArrivingPeer) => Refusal | undefined {
  const { publicNetworkAccess, networkAcls, privateEndpointConnections } = rules;
  const ranges: readonly IpRange[] = networkAcls.ipRules.map(readIpRange);
  const approved = new Set(
    privateEndpointConnections.filter(({ status }) => status === 'Approved').map(({ name }) => name.toLowerCase()),
  );
  return ({ address, way }) => {
    // Address rules are for the public way, as in the cloud: who comes in privately was approved as a whole.
    if (typeof way === 'object') return approved.has(way.private.toLowerCase()) ? undefined : 'ConnectionNotApproved';
    if (publicNetworkAccess === 'Disabled') return 'PublicNetworkAccessDisabled';
    if (networkAcls.defaultAction === 'Allow') return undefined;
    return address !== '' && isListed(address, ranges) ? undefined : 'AddressNotAllowed';
  };
}

function isListed(address: string, ranges: readonly IpRange[]): boolean {
  const bytes = readIpAddress(address);
  return ranges.some((range) => isInRange(bytes, range));
}
