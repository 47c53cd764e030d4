// Whether the peer may speak to this instance at all: network rules, before the caller's token is looked at.
import type { ArrivingPeer, Refusal } from '../../../features/network-rules/admission.ts';
import type { Call, Step } from '../../../http/call.ts';
import { ServiceError } from '../../../http/service-error.ts';

/** @param judge as the rules are now */
export function admit(judge: (peer: ArrivingPeer) => Refusal | undefined): Step {
  return (call: Call): void => {
    // The rules are the data plane's, also where they say `bypass: None`: what the management plane asks for comes over the
    // machine's own way, and is judged by the caller's token and roles in both planes.
    // A name of it that is not answered is refused next.
    if (call.peer.way === 'direct' && (call.host === undefined || call.host.kind === 'arm')) return;
    const refusal = judge(call.peer);
    if (refusal !== undefined) {
      throw new ServiceError('Forbidden', explain(refusal, call.peer), { innerCode: 'ForbiddenByFirewall' });
    }
  };
}

/** The first words are the service's own. */
function explain(refusal: Refusal, { address, way }: ArrivingPeer): string {
  switch (refusal) {
    case 'AddressNotAllowed':
      return `Client address (${address === '' ? 'none' : address}) is not authorized and caller is not a trusted service. An IP rule of the HSM must name it`;
    case 'PublicNetworkAccessDisabled':
      return 'Public network access is disabled and the request is not from a trusted service nor via an approved private link';
    case 'ConnectionNotApproved':
      return `Connection is not an approved private link: the private endpoint connection '${typeof way === 'object' ? way.private : ''}' is not approved`;
  }
}
