// Decodes the target and finds the name under which the client reached us. That it is none of ours is said only after the
// peer is let in (`require-host.ts`).

import type { Call, Host, Step } from '../../../http/call.ts';
import { readRequestTarget } from '../../../http/request-target.ts';
import type { HostKind } from '../../../http/route.ts';
import { ServiceError } from '../../../http/service-error.ts';
import { requireSingleHeaders } from '../../../http/single-headers.ts';
import { hostAt } from '../names-by-way.ts';

/**
 * @param hosts by authority in lower case, port included unless 443
 * @param isServed whether names of that kind are answered now; what is not might as well not be there
 */
export function assignTarget(hosts: () => ReadonlyMap<string, Host>, isServed: (kind: HostKind) => boolean): Step {
  return (call: Call): void => {
    requireSingleHeaders(call.request.rawHeaders);
    const authority = call.request.headers.host?.toLowerCase();
    if (authority === undefined) throw new ServiceError('BadRequest', 'The request has no Host header');
    const host = hostAt(hosts(), authority, call.peer.way);
    call.host = host !== undefined && isHere(host.kind, call, isServed) ? host : undefined;
    if (call.host === undefined) return;
    const target = readRequestTarget(call.request.url ?? '');
    call.path = target.path;
    call.query = target.query;
  };
}

/** What the resource manager hands on comes over the machine's own way alone: it has asked for the caller's role there. */
export function isHere(kind: HostKind, { peer }: Pick<Call, 'peer'>, isServed: (kind: HostKind) => boolean): boolean {
  return isServed(kind) && (kind !== 'arm' || peer.way === 'direct');
}
