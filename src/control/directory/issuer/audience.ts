// From what a client asks for to the audience of its token, which is of a closed list. v2 requests name it inside `scope`, v1 requests in
// `resource`; trailing slashes are part of the name and are kept exactly as asked.
import { errors } from 'oidc-provider';
import { ACCESS_TOKEN_SECONDS } from './token-claims.ts';

const OIDC_SCOPES = new Set(['openid', 'profile', 'email', 'offline_access']);

/** Undefined: only OpenID scopes, or none. @throws when two audiences are asked for at once */
export function audienceOfScope(scope: string): string | undefined {
  let audience: string | undefined;
  for (const each of scope.split(' ')) {
    if (each === '' || OIDC_SCOPES.has(each)) continue;
    const named = audienceOf(each);
    if (audience !== undefined && named !== audience) {
      throw new errors.InvalidScope('scopes of more than one resource were requested at once', scope);
    }
    audience = named;
  }
  return audience;
}

/** `{resource}/.default` or `{resource}/{permission}`: what stands before the last slash. */
function audienceOf(scope: string): string {
  const slash = scope.lastIndexOf('/');
  if (slash <= 0) throw new errors.InvalidScope('a scope must name its resource', scope);
  return scope.slice(0, slash);
}

/** The audience of a token request, from either of its forms. */
export function requestedAudience(params: Readonly<Record<string, string | string[] | undefined>>): string | undefined {
  const { resource, scope } = params;
  if (typeof resource === 'string') return resource;
  if (Array.isArray(resource)) throw new errors.InvalidTarget('only one resource can be requested at once');
  return typeof scope === 'string' ? audienceOfScope(scope) : undefined;
}

/** As the protocol library wants to hear of it. @throws InvalidTarget when the audience is not one of ours */
export function describeResource(audiences: ReadonlySet<string>, audience: string) {
  if (!audiences.has(audience)) throw new errors.InvalidTarget();
  return {
    audience,
    scope: '.default',
    accessTokenFormat: 'jwt',
    accessTokenTTL: ACCESS_TOKEN_SECONDS,
    jwt: { sign: { alg: 'RS256' } },
  } as const;
}
