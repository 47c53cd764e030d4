// The names under which one instance answers, each with its challenge and with who checks the tokens that come there.
// A name of a vault takes tokens for vaults only, and the names of a managed HSM take none of those: whoever was handed
// a token for some vault cannot turn it against the HSM's own names.
import { readFileSync } from 'node:fs';
import { challenge } from '../features/auth/challenge.ts';
import { openTokenVerifier, type TokenVerifier } from '../features/auth/verify-token.ts';
import type { Host } from '../gateway/call.ts';
import type { HostKind } from '../wire/route.ts';
import type { InstanceConfig, TrustedIssuer } from './config/instance.ts';

export function instanceHosts(config: InstanceConfig): ReadonlyMap<string, Host> {
  return new Map(
    config.hostNames.map(({ kind = 'hsm', ...name }) => [
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
        issuers: config.issuers
          .filter((issuer) => audiencesOf(issuer).length > 0)
          .map(({ caFile, issuers, jwksUri, ...issuer }) => ({
            issuers,
            audiences: audiencesOf({ issuers, jwksUri, ...issuer }),
            jwksUri,
            ...(caFile === undefined ? {} : { ca: readFileSync(caFile, 'utf8') }),
          })),
      }),
    );
  return { hsm: open(({ audiences }) => audiences), vault: open(({ vaultAudiences = [] }) => vaultAudiences) };
}
