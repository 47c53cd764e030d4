// The names under which one instance answers, each with its challenge and with who checks the tokens that come there.
// A name of one kind takes tokens of that kind only: whoever was handed a token for some vault, or for the resource manager,
// cannot turn it against the HSM's own names.
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { challenge } from '../features/auth/challenge.ts';
import { type FetchJwks, fetchJwks } from '../features/auth/fetch-jwks.ts';
import { type Issuer, openTokenVerifier, type TokenVerifier } from '../features/auth/verify-token.ts';
import type { Host } from '../gateway/call.ts';
import type { HostKind } from '../wire/route.ts';
import type { HostName, InstanceConfig, TrustedIssuer } from './config/instance.ts';

export function hostsOf(hostNames: readonly HostName[]): ReadonlyMap<string, Host> {
  return new Map(
    hostNames.map(({ kind = 'hsm', ...name }) => [
      name.authority,
      { authority: name.authority, kind, challenge: challenge(name) },
    ]),
  );
}

export type Verifiers = Readonly<Record<HostKind, TokenVerifier>>;

export function openVerifiers(config: InstanceConfig, stack: AsyncDisposableStack): Verifiers {
  const open = (audiencesOf: (issuer: TrustedIssuer) => readonly string[]): TokenVerifier =>
    stack.use(
      openTokenVerifier({
        tenantId: config.tenantId,
        issuers: trustedFor(config.issuers, audiencesOf),
        fetchJwks: keySets(config),
      }),
    );
  return {
    hsm: open(({ audiences }) => audiences),
    vault: open(({ vaultAudiences = [] }) => vaultAudiences),
    arm: open(({ armAudiences = [] }) => armAudiences),
  };
}

/** Those of the issuers that have audiences of this kind, with their authorities read. */
export function trustedFor(
  issuers: readonly TrustedIssuer[],
  audiencesOf: (issuer: TrustedIssuer) => readonly string[],
): readonly Issuer[] {
  const derives = issuers.some(({ claims }) => claims?.ids === 'derived');
  return issuers
    .filter((issuer) => audiencesOf(issuer).length > 0)
    .map((issuer): Issuer => {
      const { issuers: names, caFile, clockSkew, claims } = issuer;
      return {
        issuers: names,
        audiences: audiencesOf(issuer),
        ...('jwksUri' in issuer ? { jwksUri: issuer.jwksUri } : { discovery: issuer.discovery }),
        ...(caFile === undefined ? {} : { ca: readFileSync(caFile, 'utf8') }),
        ...(clockSkew === undefined ? {} : { clockSkew }),
        ...(claims === undefined ? {} : { claims }),
        ...(derives ? { besideDerived: true } : {}),
      };
    });
}

/** From the file that the configuration names for an issuer, else from where the issuer has them. */
export function keySets({ issuers }: Pick<InstanceConfig, 'issuers'>, fetch: FetchJwks = fetchJwks): FetchJwks {
  const files = new Map(
    issuers.flatMap((issuer) => ('jwksUri' in issuer ? [[issuer.jwksUri, issuer.keysFile] as const] : [])),
  );
  return async (uri, ca) => {
    const file = files.get(uri);
    return file === undefined ? fetch(uri, ca) : (JSON.parse(await readFile(file, 'utf8')) as unknown);
  };
}
