// How the protocol library is set up: what it may do, for how long things live, and what stands in tokens. Everything
// that is not needed is off.
import { type AccessToken, type Context, Provider } from 'oidc-provider';
import type { AddedCertificate } from '../added-certificates.ts';
import { findUser } from '../find-principal.ts';
import { describeResource, requestedAudience } from './audience.ts';
import { describeClient } from './clients.ts';
import { BEGUN_SECONDS, openMemories } from './memory-adapter.ts';
import { renderNotice } from './sign-in-page.ts';
import { ACCESS_TOKEN_SECONDS, accessTokenClaims, type TokenSigning } from './token-claims.ts';

/** What the embedded issuer is made of. */
export interface IssuerOptions extends TokenSigning {
  readonly profile: 'dev' | 'production';
  /** What applications sign in with beside the certificates of the directory, as it is now. */
  readonly addedCertificates: () => Promise<readonly AddedCertificate[]>;
  /** Exact `aud` values that tokens are issued for; the first is for requests that name none. */
  readonly audiences: readonly string[];
  /** Every URL under which clients know the token endpoint: what a client assertion may have as `aud`. */
  readonly tokenEndpoints: readonly string[];
  /** Keys of the sign-in pages' cookies. */
  readonly cookieKey: string;
  readonly log: (message: string) => void;
}

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
          describeClient(directory, addedCertificates, id, Provider.ctx?.oidc?.params ?? {}, seconds()),
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
      AccessToken: ACCESS_TOKEN_SECONDS,
      ClientCredentials: ACCESS_TOKEN_SECONDS,
      IdToken: ACCESS_TOKEN_SECONDS,
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
          const { client_assertion: assertion, client_secret: secret } = ctx.oidc?.params ?? {};
          const { clientId: appId, accountId, aud: audience } = token;
          const appIdAcr = assertion !== undefined ? '2' : secret === undefined ? '0' : '1';
          parts.header = { typ: 'JWT', x5t: signingKey.kid };
          parts.payload = accessTokenClaims({ directory, issuer }, { appId, audience, appIdAcr }, accountId, seconds());
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
