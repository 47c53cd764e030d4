// Which plane would take a token, judged as instances and the resource manager judge it. Nothing of it is shown but for whom and by
// whom it is.

import type { Finding } from '../../deployment/checks/config-checks.ts';
import { keySets, trustedFor } from '../../deployment/issuer-keys.ts';
import type { ProductionConfig } from '../../deployment/production-config.ts';
import type { TrustedIssuer } from '../../deployment/trusted-issuers.ts';
import { AuthError } from '../../features/auth/bearer.ts';
import type { FetchJwks } from '../../features/auth/fetch-jwks.ts';
import { openTokenVerifier } from '../../features/auth/verify-token.ts';
import { printableLine } from '../../formats/printable.ts';
import type { Principal } from '../../http/principal.ts';

export async function tokenFinding(config: ProductionConfig, token: string, fetchJwks: FetchJwks): Promise<Finding> {
  const judge = (audiencesOf: (issuer: TrustedIssuer) => readonly string[]): Promise<Principal | AuthError> =>
    judged(config, token, fetchJwks, audiencesOf);
  const instance = await judge(({ audiences }) => audiences);
  if (!(instance instanceof AuthError)) return taken('instances', instance);
  const arm = await judge(({ armAudiences = [] }) => armAudiences);
  if (!(arm instanceof AuthError)) return taken('the resource manager', arm);
  // One of them says more than that it is for the other.
  const reason = instance.code === 'WrongAudience' ? arm : instance;
  const outcome = reason.code === 'IssuerUnavailable' ? 'warn' : 'fail';
  return { check: 'token', outcome, says: `nobody takes it: ${reason.message} (${saidIn(token)})` };
}

function taken(by: string, { oid, idType }: Principal): Finding {
  return { check: 'token', outcome: 'ok', says: `taken by ${by}, as ${idType} ${oid}` };
}

async function judged(
  config: ProductionConfig,
  token: string,
  fetchJwks: FetchJwks,
  audiencesOf: (issuer: TrustedIssuer) => readonly string[],
): Promise<Principal | AuthError> {
  try {
    await using verifier = openTokenVerifier({
      tenantId: config.tenantId,
      issuers: trustedFor(config.issuers, audiencesOf),
      fetchJwks: keySets(config, fetchJwks),
    });
    return await verifier.verify(token);
  } catch (error) {
    if (error instanceof AuthError) return error;
    throw error;
  }
}

/** What it says of itself, unverified: the caller's own. */
function saidIn(token: string): string {
  try {
    const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8')) as Record<
      string,
      unknown
    >;
    return ['iss', 'aud', 'tid', 'exp']
      .map((claim) => `${claim} ${printableLine(JSON.stringify(claims[claim]) ?? 'missing')}`)
      .join(', ')
      .slice(0, 1000);
  } catch {
    return 'it is no JWT';
  }
}
