// What a granted request is answered with: access token, and for people also identity and refresh tokens.
import type { Context, OidcContext, ResourceServer } from 'oidc-provider';
import type { Directory, User } from '../directory.ts';
import { requestedAudience } from './audience.ts';
import { describeResource } from './resources.ts';
import { ACCESS_TOKEN_SECONDS, pairwise } from './token-claims.ts';

const USER_SCOPE = 'openid profile offline_access';

export interface GrantPolicy {
  readonly directory: Directory;
  readonly audiences: ReadonlySet<string>;
  /** For a user's token request that names no resource at all. */
  readonly defaultAudience: string;
  /** Seconds since 1970. */
  readonly now: () => number;
}

export interface UserGrant {
  readonly user: User;
  /** What was asked when the flow began, echoed when this request has none. */
  readonly scope?: string | undefined;
  readonly audience?: string | undefined;
  readonly nonce?: string | undefined;
  readonly refreshToken?: string;
}

export async function issueToUser(
  policy: GrantPolicy,
  ctx: Context,
  oidc: OidcContext,
  { user, scope, audience: earlier, nonce, refreshToken }: UserGrant,
): Promise<Record<string, unknown>> {
  const { provider, client } = oidc;
  const audience = requestedAudience(oidc.params) ?? earlier ?? policy.defaultAudience;
  const token = new provider.AccessToken({ client, accountId: user.oid });
  token.resourceServer = resourceServer(policy, oidc, audience);
  const accessToken = await token.save();
  const asked = typeof oidc.params.scope === 'string' ? oidc.params.scope : scope;
  return {
    token_type: 'Bearer',
    scope: asked ?? `${audience}/.default ${USER_SCOPE}`,
    expires_in: ACCESS_TOKEN_SECONDS,
    ext_expires_in: ACCESS_TOKEN_SECONDS,
    ...v1Members(policy, oidc, audience),
    access_token: accessToken,
    refresh_token: refreshToken ?? (await newRefreshToken(oidc, user, audience)),
    id_token: await newIdToken(policy.directory, ctx, oidc, user, nonce),
    client_info: Buffer.from(JSON.stringify({ uid: user.oid, utid: policy.directory.tenantId })).toString('base64url'),
  };
}

function newRefreshToken({ provider, client }: OidcContext, user: User, audience: string): Promise<string> {
  return new provider.RefreshToken({ client, accountId: user.oid, scope: USER_SCOPE, resource: audience }).save();
}

function newIdToken(
  { tenantId }: Directory,
  ctx: Context,
  { provider, client }: OidcContext,
  user: User,
  nonce: string | undefined,
): Promise<string> {
  const claims = {
    sub: pairwise(user.oid, client?.clientId ?? ''),
    oid: user.oid,
    tid: tenantId,
    ver: '1.0',
    name: user.displayName,
    upn: user.upn,
    unique_name: user.upn,
    preferred_username: user.upn,
  };
  const token = new provider.IdToken(claims, { ctx });
  token.scope = 'openid profile';
  token.mask = {};
  token.rejected = [];
  if (nonce !== undefined) token.set('nonce', nonce);
  return token.issue({ use: 'idtoken' });
}

export function resourceServer(policy: GrantPolicy, { provider }: OidcContext, audience: string): ResourceServer {
  return new provider.ResourceServer(audience, describeResource(policy.audiences, audience));
}

/** v1 clients read these, as strings. */
export function v1Members(policy: GrantPolicy, { params }: OidcContext, audience: string): Record<string, string> {
  if (params.resource === undefined) return {};
  const now = policy.now();
  return { resource: audience, not_before: String(now), expires_on: String(now + ACCESS_TOKEN_SECONDS) };
}
