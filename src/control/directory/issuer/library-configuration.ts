// How the protocol library is set up: what it may do, for how long things live, and what stands in tokens. Everything
// that is not needed is off.
import { type AccessToken, type Context, Provider } from 'oidc-provider';
import { findUser } from '../find-principal.ts';
import { requestedAudience } from './audience.ts';
import { describeClient } from './clients.ts';
import type { IssuerOptions } from './issuer-options.ts';
import { BEGUN_SECONDS, openMemories } from './memory-adapter.ts';
import { describeResource } from './resources.ts';
import { renderNotice } from './sign-in-page.ts';
import { accessTokenClaims } from './token-claims.ts';

/** `seconds`: the clock. */
export function libraryConfiguration(
  { directory, addedCertificates, signingKey, issuer, cookieKey, now }: IssuerOptions,
  audiences: ReadonlySet<string>,
  seconds: () => number,
): Record<string, unknown> {
  const adapterOf = openMemories(now);
  const off = { enabled: false };
  return {
    adapter: (model: string) => {
      if (model !== 'Client') return adapterOf(model);
      return {
        find: (id: string) =>
          describeClient({ directory, addedCertificates }, id, Provider.ctx?.oidc?.params ?? {}, seconds()),
      };
    },
    jwks: { keys: [signingKey.privateJwk] },
    cookies: { keys: [cookieKey] },
    clientAuthMethods: ['client_secret_post', 'private_key_jwt', 'none'],
    enabledJWA: { clientAuthSigningAlgValues: ['RS256', 'PS256'] },
    scopes: ['openid', 'profile', 'email', 'offline_access'],
    responseTypes: ['code'],
    claims: {
      openid: ['sub', 'oid', 'tid', 'ver'],
      profile: ['name', 'upn', 'unique_name', 'preferred_username'],
    },
    renderError: (ctx: Context, out: Readonly<Record<string, string>>) => {
      ctx.set('content-type', 'text/html; charset=utf-8');
      ctx.body = renderNotice('Sign-in failed', `${out.error ?? ''}: ${out.error_description ?? ''}`);
    },
    expiresWithSession: () => false,
    clientBasedCORS: () => false,
    findAccount: (_ctx: Context, oid: string) => {
      const user = findUser(directory, oid);
      return user === undefined ? undefined : { accountId: user.oid, claims: async () => ({ sub: user.oid }) };
    },
    interactions: { url: (_ctx: Context, interaction: { uid: string }) => `/interaction/${interaction.uid}` },
    ttl: {
      AccessToken: 3600,
      ClientCredentials: 3600,
      IdToken: 3600,
      AuthorizationCode: 300,
      DeviceCode: BEGUN_SECONDS,
      RefreshToken: 14 * 86_400,
      Grant: 14 * 86_400,
      Interaction: BEGUN_SECONDS,
      Session: 8 * 3600,
    },
    formats: {
      customizers: {
        jwt: (ctx: Context, token: AccessToken, parts: { header?: unknown; payload: unknown }) => {
          const assertion = ctx.oidc?.params.client_assertion !== undefined;
          const subject = {
            appId: token.clientId,
            userOid: token.accountId,
            audience: token.aud,
            appIdAcr: assertion ? '2' : ctx.oidc?.params.client_secret === undefined ? '0' : '1',
          } as const;
          parts.header = { typ: 'JWT', x5t: signingKey.kid };
          parts.payload = accessTokenClaims(directory, issuer, subject, seconds());
        },
      },
    },
    features: {
      clientCredentials: { enabled: true },
      deviceFlow: { enabled: true, charset: 'base-20', mask: '*********' },
      devInteractions: off,
      dPoP: off,
      pushedAuthorizationRequests: off,
      rpInitiatedLogout: off,
      userinfo: off,
      resourceIndicators: {
        enabled: true,
        defaultResource: (ctx: Context) => requestedAudience(ctx.oidc?.params ?? {}),
        getResourceServerInfo: (_ctx: Context, resource: string) => describeResource(audiences, resource),
      },
    },
  };
}
