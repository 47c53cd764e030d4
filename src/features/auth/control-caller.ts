// Bearer tokens of the management plane: the same verifier as the data plane's, with the refusals of the resource manager.
// Roles are not asked here.
import { type Authenticate, type ControlCaller, ControlError, type ControlRequest } from '../../http/control-row.ts';
import type { Principal } from '../../http/principal.ts';
import { AuthError, type AuthErrorCode } from './bearer.ts';
import { readBearer, type TokenVerifier } from './verify-token.ts';

export function authenticateBy(verifier: TokenVerifier, tenantId: string): Authenticate {
  return async (request) => {
    try {
      return callerOf(await verifier.verify(readBearer(request.headers.authorization)));
    } catch (cause) {
      if (cause instanceof AuthError) throw refusal(cause, request, tenantId);
      throw cause;
    }
  };
}

function callerOf({ oid, groups, idType, upn, appId, cacheIdentityJson: identityJson }: Principal): ControlCaller {
  return { oid, groups, kind: idType, label: (idType === 'user' ? upn : appId) ?? oid, identityJson };
}

const REFUSALS: Partial<Record<AuthErrorCode, readonly [code: string, message: string]>> = {
  Missing: ['AuthenticationFailed', "Authentication failed. The 'Authorization' header is missing or invalid."],
  WrongTenant: ['InvalidAuthenticationTokenTenant', 'The access token is from the wrong tenant.'],
};

function refusal(cause: AuthError, { names }: ControlRequest, tenantId: string): ControlError {
  if (cause.code === 'IssuerUnavailable') {
    // Not 401: clients would throw away a token that may be good.
    return new ControlError(503, 'ServiceUnavailable', cause.message, { cause, headers: { 'retry-after': '30' } });
  }
  const refused = ['InvalidAuthenticationToken', `The access token is refused: ${cause.message}.`] as const;
  const [code, message] = REFUSALS[cause.code] ?? refused;
  const challenge = `Bearer authorization_uri="${names.login}/${tenantId}", error="invalid_token"`;
  return new ControlError(401, code, message, { cause, headers: { 'www-authenticate': challenge } });
}
