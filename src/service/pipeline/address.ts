// What a request is for: under which of the instance's names it came, and which row its path and method are. The row is looked
// up first, so that the record names the operation even for refusals before; that a name or a path is none of ours is said
// only to a peer that is let in, and of paths only to a caller who is known.
import type { ArrivingPeer, Refusal } from '../../features/network-rules/admission.ts';
import { hasVersion, IMPLIED_API_VERSION, isKnownApiVersion } from '../../http/api-version.ts';
import type { Call, Host, KnownCall, NamedCall } from '../../http/call.ts';
import type { Principal } from '../../http/principal.ts';
import { requireSingleHeaders } from '../../http/request-target.ts';
import type { AnyRow, HostKind } from '../../http/route.ts';
import type { Router } from '../../http/router.ts';
import { ServiceError } from '../../http/service-error.ts';
import { hostAt, hostsBy } from '../live-configuration.ts';

export interface AddressParts {
  /** Of the instance. */
  readonly name: string;
  readonly router: Router;
  /** The names as they are now: by authority in lower case, port included unless 443. */
  readonly hosts: () => ReadonlyMap<string, Host>;
  /** Whether names of that kind are answered now; what is not might as well not be there. */
  readonly isServed: (kind: HostKind) => boolean;
  /** The network rules as they are now. */
  readonly judge: (peer: ArrivingPeer) => Refusal | undefined;
}

/** @throws ServiceError BadRequest, BadParameter; Forbidden: the peer may not speak to the instance; MisdirectedRequest */
export function requireNamed(call: Call, parts: AddressParts): NamedCall {
  findTarget(call, parts);
  admit(call, parts);
  if (call.host !== undefined) return Object.assign(call, { host: call.host });
  throw misdirected(call, parts);
}

function findTarget(call: Call, { hosts, isServed, router }: AddressParts): void {
  const { request, peer } = call;
  requireSingleHeaders(request.rawHeaders);
  const authority = request.headers.host?.toLowerCase();
  if (authority === undefined) throw new ServiceError('BadRequest', 'The request has no Host header');
  const host = hostAt(hosts(), authority, peer.way);
  // Known before the target reads: what does not read is on record with this name.
  call.host = host !== undefined && isHere(host.kind, call, isServed) ? host : undefined;
  if (call.host === undefined) return;
  const { path, query, found } = router.locate(request.method ?? '', request.url ?? '');
  call.path = path;
  call.query = query;
  if (found === undefined || !isServedTo(call.host.kind, found.row.path)) return;
  call.row = found.row;
  call.params = found.params;
}

/** What the resource manager hands on comes over the machine's own way alone: it has asked for the caller's role there. */
function isHere(kind: HostKind, { peer }: Call, isServed: AddressParts['isServed']): boolean {
  return isServed(kind) && (kind !== 'arm' || peer.way === 'direct');
}

/**
 * A vault has keys, and nothing of what rules an HSM: clients that were given a vault's token must not come near that. What
 * the resource manager hands on are its own rows, and those are nobody else's.
 */
function isServedTo(kind: HostKind, path: string): boolean {
  const handedOn = /^\/arm\//i.test(path);
  if (kind === 'arm' || handedOn) return kind === 'arm' && handedOn;
  return kind !== 'vault' || (/^\/(deleted)?keys(\/|$)/.test(path) && !path.includes('/providers/'));
}

/** Whether the peer may speak to this instance at all: network rules, before the caller's token is looked at. */
function admit({ peer, host }: Call, { judge }: AddressParts): void {
  // The rules are the data plane's, also where they say `bypass: None`: what the management plane asks for comes over the
  // machine's own way, and is judged by the caller's token and roles in both planes.
  // A name of it that is not answered is refused next.
  if (peer.way === 'direct' && (host === undefined || host.kind === 'arm')) return;
  const refusal = judge(peer);
  if (refusal === undefined) return;
  throw new ServiceError('Forbidden', explain(refusal, peer), { innerCode: 'ForbiddenByFirewall' });
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

function misdirected(call: Call, { hosts, isServed, name }: AddressParts): ServiceError {
  const { way } = call.peer;
  const names = hostsBy(hosts(), way)
    .filter(({ kind }) => isHere(kind, call, isServed))
    .map(({ authority }) => authority);
  const asked = call.request.headers.host?.toLowerCase() ?? '';
  const isVault = hostAt(hosts(), asked, way)?.kind === 'vault';
  return new ServiceError(
    'MisdirectedRequest',
    `This instance does not answer for that Host; its names are ${names.join(', ')}${isVault ? turnOn(name) : ''}`,
  );
}

/** For clients that know vaults alone: their name is not answered unless somebody wants it. */
function turnOn(name: string): string {
  return (
    '. Under the name of a vault it answers once the setting StrongroomVaultAlias is true: ' +
    `az keyvault setting update --hsm-name ${name} --name StrongroomVaultAlias --value true`
  );
}

/** A key, and nothing of what may be done with it: so `/keys//create` reads, which clients send for a name left empty. */
const KEY = /^\/keys\/[^/]+$/i;

/** What has no row, and versions that the row does not have. @throws ServiceError BadParameter, NotFound, MethodNotAllowed */
export function requireRow(call: NamedCall & { readonly principal: Principal }, { router }: AddressParts): KnownCall {
  const { row, host, path } = call;
  if (row !== undefined) {
    return Object.assign(call, { row, apiVersion: requireApiVersion(call, row) });
  }
  // A bad request and no wrong method, as the service has it: SDKs have an exception of its own for that.
  if (call.request.method === 'POST' && KEY.test(path) && isServedTo(host.kind, path)) {
    throw new ServiceError('BadParameter', 'Operation not specified: POST takes /keys/{name}/{operation}');
  }
  // Under other names than the HSM's own, paths that are not for those names are no paths.
  const methods = host.kind === 'hsm' && isServedTo('hsm', path) ? router.methodsOf(path) : [];
  if (methods.length === 0) throw new ServiceError('NotFound', `There is no operation at ${path.slice(0, 200)}`);
  throw new ServiceError('MethodNotAllowed', `This path takes ${methods.join(', ')}`);
}

function requireApiVersion({ query }: Call, { since, until }: AnyRow): string {
  const version = query.get('api-version') ?? IMPLIED_API_VERSION;
  if (!isKnownApiVersion(version)) {
    throw new ServiceError('BadParameter', `api-version '${version.slice(0, 40)}' is not known; 7.6 is`);
  }
  if (!hasVersion(version, since, until)) {
    const implied = query.has('api-version') ? '' : ', which a request without api-version is served as';
    throw new ServiceError('NotFound', `There is no such operation in api-version ${version}${implied}`);
  }
  return version;
}

/** `https://{authority}`; empty while the host is not known. */
export function originOf({ host }: Call): string {
  return host === undefined ? '' : `https://${host.authority}`;
}
