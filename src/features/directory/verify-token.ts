// Checks a bearer token that is meant for the management plane: signature, issuer, audience, tenant, time.
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose';
import { isGuid } from '../../formats/guid.ts';
import { list, ShapeError, text } from '../../formats/shape.ts';
import { type Authenticate, type ControlCaller, ControlError } from '../../wire/control-row.ts';

export interface TokenRules {
  readonly jwks: { readonly keys: readonly object[] };
  readonly issuer: string;
  readonly tenantId: string;
  readonly audiences: readonly string[];
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

const readGroups = list(text, 1000);

export function createAuthenticate({ jwks, issuer, tenantId, audiences, now }: TokenRules): Authenticate {
  const keys = createLocalJWKSet(jwks as JSONWebKeySet);
  return async ({ headers, names }) => {
    const refuse = (code: string, message: string, cause?: unknown): ControlError =>
      new ControlError(401, code, message, {
        cause,
        headers: {
          'www-authenticate': `Bearer authorization_uri="${names.login}/${tenantId}", error="invalid_token"`,
        },
      });
    const [scheme, token, ...rest] = (headers.authorization ?? '').split(' ');
    if (scheme?.toLowerCase() !== 'bearer' || token === undefined || rest.length > 0) {
      throw refuse('AuthenticationFailed', "Authentication failed. The 'Authorization' header is missing or invalid.");
    }
    let payload: Readonly<Record<string, unknown>>;
    try {
      ({ payload } = await jwtVerify(token, keys, {
        algorithms: ['RS256'],
        issuer,
        audience: [...audiences],
        currentDate: new Date(now()),
        requiredClaims: ['exp', 'nbf', 'aud', 'iss', 'tid', 'oid'],
      }));
    } catch (cause) {
      throw refuse(
        'InvalidAuthenticationToken',
        'The access token is invalid, expired or not for this service.',
        cause,
      );
    }
    if (payload.tid !== tenantId) {
      throw refuse('InvalidAuthenticationTokenTenant', 'The access token is from the wrong tenant.');
    }
    try {
      return readCaller(payload);
    } catch (cause) {
      throw refuse('InvalidAuthenticationToken', 'The access token has malformed claims.', cause);
    }
  };
}

function readCaller(payload: Readonly<Record<string, unknown>>): ControlCaller {
  const { oid, idtyp, upn, appid } = payload;
  if (typeof oid !== 'string' || !isGuid(oid)) throw new ShapeError('oid must be a GUID');
  const kind = idtyp === 'user' ? 'user' : 'app';
  const label = kind === 'user' ? upn : appid;
  return {
    oid,
    groups: payload.groups === undefined ? [] : readGroups(payload.groups, 'groups'),
    kind,
    label: typeof label === 'string' ? label : oid,
  };
}
