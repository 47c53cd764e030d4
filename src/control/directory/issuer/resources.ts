// The closed list of audiences that tokens are issued for, as the protocol library wants to hear of them.
import { errors, type ResourceServerDescription } from 'oidc-provider';
import { ACCESS_TOKEN_SECONDS } from './token-claims.ts';

/** @throws InvalidTarget when the audience is not one of ours */
export function describeResource(audiences: ReadonlySet<string>, audience: string): ResourceServerDescription {
  if (!audiences.has(audience)) throw new errors.InvalidTarget();
  return {
    audience,
    scope: '.default',
    accessTokenFormat: 'jwt',
    accessTokenTTL: ACCESS_TOKEN_SECONDS,
    jwt: { sign: { alg: 'RS256' } },
  };
}
