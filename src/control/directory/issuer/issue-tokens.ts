// What a granted request is answered with: access token, and for people also identity and refresh tokens.
import type { Context, OidcContext, ResourceServer } from 'oidc-provider';
import type { Directory, User } from '../directory.ts';
import { describeResource, requestedAudience } from './audience.ts';
import { ACCESS_TOKEN_SECONDS, pairwise } from './token-claims.ts';

export const USER_SCOPE = 'openid profile offline_access';

export interface GrantPolicy {
  readonly directory: Directory;
  readonly audiences: ReadonlySet<string>;
  /** For a user's token request that names no resource at all. */
  readonly defaultAudience: string;
  /** Seconds since 1970. */
  readonly now: () => number;
}

/** A request to the token endpoint, which the library has read and whose client it has authenticated. */
export interface GrantRequest extends GrantPolicy {
  readonly ctx: Context;
  readonly oidc: OidcContext;
}

interface UserGrant {
  readonly user: User;
  /** What was asked when the flow began, echoed when this request has none. */
  readonly scope?: string | undefined;
  readonly audience?: string | undefined;
  readonly nonce?: string | undefined;
  readonly refreshToken?: string;
}

export async function issueToUser(
  request: GrantRequest,
  { user, scope, audience: earlier, nonce, refreshToken }: UserGrant,
): Promise<Record<string, unknown>> {
  const { oidc, directory } = request;
  const { provider, client, params } = oidc;
  const audience = requestedAudience(params) ?? earlier ?? request.defaultAudience;
  const owner = { client, accountId: user.oid };
  const token = new provider.AccessToken(owner);
  token.resourceServer = resourceServer(request, audience);
  const accessToken = await token.save();
  const asked = typeof params.scope === 'string' ? params.scope : scope;
  const newRefreshToken = () => new provider.RefreshToken({ ...owner, scope: USER_SCOPE, resource: audience }).save();
  return {
    token_type: 'Bearer',
    scope: asked ?? `${audience}/.default ${USER_SCOPE}`,
    ...lifetime(request, audience),
    access_token: accessToken,
    refresh_token: refreshToken ?? (await newRefreshToken()),
    id_token: await newIdToken(request, user, nonce),
    client_info: Buffer.from(JSON.stringify({ uid: user.oid, utid: directory.tenantId })).toString('base64url'),
  };
}

function newIdToken({ directory, ctx, oidc }: GrantRequest, user: User, nonce: string | undefined): Promise<string> {
  const claims = {
    sub: pairwise(user.oid, oidc.client?.clientId ?? ''),
    oid: user.oid,
    tid: directory.tenantId,
    ver: '1.0',
    name: user.displayName,
    upn: user.upn,
    unique_name: user.upn,
    preferred_username: user.upn,
  };
  const token = new oidc.provider.IdToken(claims, { ctx });
  token.scope = 'openid profile';
  token.mask = {};
  token.rejected = [];
  if (nonce !== undefined) token.set('nonce', nonce);
  return token.issue({ use: 'idtoken' });
}

export function resourceServer({ audiences, oidc }: GrantRequest, audience: string): ResourceServer {
  return new oidc.provider.ResourceServer(audience, describeResource(audiences, audience));
}

/** How long the token lives; v1 clients read more of it, as strings. */
export function lifetime({ now, oidc }: GrantRequest, audience: string): Record<string, unknown> {
  const seconds = { expires_in: ACCESS_TOKEN_SECONDS, ext_expires_in: ACCESS_TOKEN_SECONDS };
  return oidc.params.resource === undefined ? seconds : { ...seconds, ...v1Members(audience, now()) };
}

/** @param notBefore seconds since 1970 */
export function v1Members(audience: string, notBefore: number): Record<string, string> {
  return {
    resource: audience,
    not_before: String(notBefore),
    expires_on: String(notBefore + ACCESS_TOKEN_SECONDS),
  };
}
