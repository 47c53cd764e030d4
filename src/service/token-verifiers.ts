// Who checks the tokens that come to a name. A name of one kind takes tokens of that kind only: whoever was handed a token for
// some vault, or for the resource manager, cannot turn it against the HSM's own names.
import type { InstanceConfig } from '../deployment/instance.ts';
import { keySets, trustedFor } from '../deployment/issuer-keys.ts';
import type { TrustedIssuer } from '../deployment/trusted-issuers.ts';
import { openTokenVerifier, type TokenVerifier } from '../features/auth/verify-token.ts';
import type { HostKind } from '../http/route.ts';

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
