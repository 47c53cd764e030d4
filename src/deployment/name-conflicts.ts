// Names, addresses and audiences of a production configuration that cannot be meant: clients would refuse them, or get tokens that
// nobody takes. Each sentence begins with the member and says what to set.
import { isGuid } from '../formats/guid.ts';
import type { ProductionConfig } from './production-config.ts';
import { productionNames, resourceOf } from './production-names.ts';

export function* names({
  names: { instances, resourceManager, graph, resource },
}: ProductionConfig): Generator<string> {
  for (const [member, host] of Object.entries({ resourceManager, graph })) {
    if (host === undefined || (host !== instances && !host.endsWith(`.${instances}`))) continue;
    yield `names.${member} is where an instance could be: choose a name that does not end in .${instances}`;
  }
  if (graph === resourceManager) yield 'names.graph must be another name than resourceManager';
  if (resource === undefined) return;
  const { hostname, origin } = new URL(resource);
  if (origin !== resource.toLowerCase().replace(/:443$/, '')) {
    yield 'names.resource must be https://HOST or https://HOST:PORT, with nothing after it';
  } else if (hostname !== instances && !instances.endsWith(`.${hostname}`)) {
    yield `names.resource must be ${instances} or a domain above it: clients refuse a challenge for a resource that they do not talk to`;
  }
}

/** Clients take the whole path for the tenant. */
export function* authorization({ names: { authorization: address } }: ProductionConfig): Generator<string> {
  if (/^https:\/\/[a-z0-9.:[\]-]+\/[a-z0-9.-]+$/i.test(address)) return;
  yield `names.authorization must be https://HOST/TENANT, and is ${address}: clients take what follows the host for the tenant`;
}

/** What the challenge tells clients to ask for is what must be taken. */
export function* audiences(config: ProductionConfig): Generator<string> {
  const resource = resourceOf(config);
  if (config.issuers.some((issuer) => has(issuer.audiences, resource))) return;
  yield `issuers: none has ${resource} among "audiences", which is what clients ask tokens for (names.resource), so that ` +
    'instances would take none of them. Add it; if the issuer writes something else as "aud", leave that beside it';
}

export function* tenant({ names: own, issuers, tenantId }: ProductionConfig): Generator<string> {
  const named = tenantOf(own.authorization);
  if (named === undefined || same(named, tenantId) || issuers.some(({ claims }) => claims?.tenant === null)) return;
  yield `names.authorization sends clients to the tenant ${named}, and tenantId is ${tenantId}: tokens of another tenant are ` +
    'refused. Set both to one';
}

/** Nothing gives tokens here. */
export function* ownNames(config: ProductionConfig): Generator<string> {
  const { arm, graph } = productionNames(config);
  const own = config.names.graph === undefined ? [arm] : [arm, graph];
  const places = new Map([['names.authorization', config.names.authorization]]);
  for (const [at, issuer] of config.issuers.entries()) {
    if ('discovery' in issuer) places.set(`issuers[${at}].discovery`, issuer.discovery);
    else if (issuer.keysFile === undefined) places.set(`issuers[${at}].jwksUri`, issuer.jwksUri);
  }
  for (const [member, address] of places) {
    if (!URL.canParse(address) || !own.includes(new URL(address).origin)) continue;
    yield `${member} is at ${new URL(address).host}, a name of this service, which gives no tokens: set your issuer's address`;
  }
}

/** Clients in Python and Go look at it; others do not. */
export function* resourcePort(config: ProductionConfig): Generator<string> {
  const resource = new URL(resourceOf(config));
  const used = config.names.port ?? config.listen.port;
  if (Number(resource.port || 443) === used) return;
  yield `names.resource is ${resource.origin}, and clients come to port ${used}: those in Python and Go refuse a resource with ` +
    'another port. Leave it out, or tell them not to verify it';
}

export function* armAudience(config: ProductionConfig): Generator<string> {
  const { arm, audiences: all } = productionNames(config);
  if (has(all.arm, arm)) return;
  yield `issuers: none has ${arm} among "armAudiences": az asks for ${all.arm[0]}, but ./strongroom network, and SDKs that are ` +
    'told the address alone, ask for that';
}

export function* issuerTenant({ issuers, tenantId }: ProductionConfig): Generator<string> {
  for (const [at, { issuers: own, claims }] of issuers.entries()) {
    const other = own.map(tenantOf).find((each) => each !== undefined && !same(each, tenantId));
    if (other === undefined || claims?.tenant === null) continue;
    yield `issuers[${at}].issuers names the tenant ${other}, and tenantId is ${tenantId}: tokens of another tenant are refused. ` +
      'Set tenantId to it, or claims.tenant to null if the issuer has one tenant';
  }
}

/** Of an address as Entra ID has them: `https://HOST/TENANT…`; undefined: its first part is no GUID. */
function tenantOf(address: string): string | undefined {
  const [first] = URL.canParse(address) ? new URL(address).pathname.split('/').slice(1) : [];
  return first !== undefined && isGuid(first) ? first : undefined;
}

/** With a slash or without: clients ask for either. */
function has(all: readonly string[], origin: string): boolean {
  return all.some((each) => each === origin || each === `${origin}/`);
}

function same(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}
