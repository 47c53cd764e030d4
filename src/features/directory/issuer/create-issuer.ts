// The embedded issuer: the protocol library set up for Entra-shaped tokens of the directory's principals. What it does
// at which path is in `rows.ts`. It is a convenience of the dev profile and refuses to exist in production.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type AccessToken, type Context, type Grant, Provider } from 'oidc-provider';
import type { Directory } from '../directory.ts';
import { findUser } from '../find-principal.ts';
import { requestedAudience } from './audience.ts';
import { describeClient, isClientSecret } from './clients.ts';
import { entraError } from './entra-error.ts';
import { registerGrants } from './grants.ts';
import { IssuerMemory, MemoryAdapter } from './memory-adapter.ts';
import { describeResource } from './resources.ts';
import { renderNotice } from './sign-in-page.ts';
import type { SigningKey } from './signing-key.ts';
import { accessTokenClaims } from './token-claims.ts';

export interface IssuerOptions {
  readonly profile: 'dev' | 'production';
  readonly directory: Directory;
  readonly signingKey: SigningKey;
  /** `iss` of every token. */
  readonly issuer: string;
  /** Exact `aud` values that tokens are issued for; the first is for requests that name none. */
  readonly audiences: readonly string[];
  /** Every URL under which clients know the token endpoint: what a client assertion may have as `aud`. */
  readonly tokenEndpoints: readonly string[];
  /** Keys of the sign-in pages' cookies. */
  readonly cookieKey: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly log: (message: string) => void;
}

export interface Issuer {
  readonly directory: Directory;
  readonly issuer: string;
  readonly provider: Provider;
  readonly jwks: { readonly keys: readonly Readonly<object>[] };
  /** Lets the library answer at one of its own paths. `origin`: how the caller names this host. */
  pass(origin: string, path: string, req: IncomingMessage, res: ServerResponse): Promise<void>;
}

export class IssuerRefused extends Error {
  override readonly name = 'IssuerRefused';
}

/** @throws IssuerRefused in the production profile */
export function createIssuer(options: IssuerOptions): Issuer {
  if (options.profile !== 'dev') {
    throw new IssuerRefused('the embedded issuer is for development: configure an issuer of your own in production');
  }
  const { directory, signingKey, issuer } = options;
  const audiences = new Set(options.audiences);
  const defaultAudience = options.audiences[0];
  if (defaultAudience === undefined) throw new IssuerRefused('the issuer needs at least one audience');
  const seconds = (): number => Math.floor(options.now() / 1000);
  const provider = new Provider(issuer, configuration(options, audiences, seconds));
  provider.Client.prototype.compareClientSecret = function compare(this: { clientId: string }, secret: string) {
    return isClientSecret(directory, this.clientId, secret, seconds());
  };
  const tokenEndpoints = new Set([issuer, ...options.tokenEndpoints]);
  provider.OIDCContext.prototype.clientJwtAuthExpectedAudience = () => tokenEndpoints;
  registerGrants(provider, { directory, audiences, defaultAudience, now: seconds });

  const origins = new WeakMap<IncomingMessage, string>();
  const causes = new WeakMap<Context, Error>();
  for (const event of ['grant.error', 'device_authorization.error']) {
    provider.on(event, (ctx, error) => causes.set(ctx, error));
  }
  provider.on('server_error', (ctx, error) => options.log(`issuer: ${ctx.path}: ${error.message}`));
  provider.use(async (ctx, next) => {
    await next();
    if (ctx.path !== '/token' && ctx.path !== '/device/auth') return;
    const body = ctx.body as Record<string, unknown> | undefined;
    if (ctx.status >= 400 && typeof body?.error === 'string') {
      const description = typeof body.error_description === 'string' ? body.error_description : undefined;
      const failure = { status: ctx.status, error: body.error, description };
      const answer = entraError(failure, causes.get(ctx), ctx.oidc, options.now());
      ctx.status = answer.status;
      ctx.body = answer.body;
    } else if (ctx.path === '/device/auth' && typeof body?.user_code === 'string') {
      ctx.body = deviceAnswer(body, body.user_code, `${origins.get(ctx.req) ?? ''}/devicelogin`);
    }
  });
  const callback = provider.callback();
  return {
    directory,
    issuer,
    provider,
    jwks: { keys: [{ ...signingKey.publicJwk, x5t: signingKey.kid, issuer }] },
    pass(origin, path, req, res) {
      origins.set(req, origin);
      req.url = path;
      return callback(req, res);
    },
  };
}

function configuration(
  { directory, signingKey, issuer, cookieKey, now }: IssuerOptions,
  audiences: ReadonlySet<string>,
  seconds: () => number,
): Record<string, unknown> {
  const memory = new IssuerMemory(now);
  const off = { enabled: false };
  return {
    adapter: (model: string) => {
      if (model !== 'Client') return new MemoryAdapter(memory, model);
      return {
        find: async (id: string) => describeClient(directory, id, Provider.ctx?.oidc?.params ?? {}, seconds()),
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
      DeviceCode: 900,
      RefreshToken: 14 * 86_400,
      Grant: 14 * 86_400,
      Interaction: 3600,
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

function deviceAnswer(body: Record<string, unknown>, userCode: string, page: string): Record<string, unknown> {
  return {
    user_code: userCode,
    device_code: body.device_code,
    verification_uri: page,
    verification_url: page,
    expires_in: body.expires_in,
    interval: 1,
    message: `To sign in, use a web browser to open the page ${page} and enter the code ${userCode} to authenticate.`,
  };
}

/** Records that a user let an application act for them, and returns the id of that record. */
export async function grantToClient(
  { provider }: Issuer,
  userOid: string,
  clientId: string,
  resource: string | undefined,
): Promise<string> {
  const grant: Grant = new provider.Grant({ accountId: userOid, clientId });
  grant.addOIDCScope('openid profile offline_access');
  if (resource !== undefined) grant.addResourceScope(resource, '.default');
  return grant.save();
}
