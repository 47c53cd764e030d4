// The embedded issuer: the protocol library set up for Entra-shaped tokens of the directory's principals. What it does
// at which path is in `rows.ts`. It is a convenience of the dev profile and refuses to exist in production.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Context, Provider } from 'oidc-provider';
import type { Directory } from '../directory.ts';
import { isClientSecret } from './clients.ts';
import { entraError } from './entra-error.ts';
import { registerGrants } from './grants.ts';
import { USER_SCOPE } from './issue-tokens.ts';
import { type IssuerOptions, libraryConfiguration } from './library-configuration.ts';

export interface Issuer {
  readonly directory: Directory;
  readonly issuer: string;
  readonly provider: Provider;
  readonly jwks: { readonly keys: readonly Readonly<object>[] };
  /** Lets the library answer at one of its own paths. `origin`: how the caller names this host. */
  pass(origin: string, path: string, req: IncomingMessage, res: ServerResponse): Promise<undefined>;
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
  const provider = new Provider(issuer, libraryConfiguration(options, audiences, seconds));
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
    async pass(origin, path, req, res) {
      origins.set(req, origin);
      req.url = path;
      await callback(req, res);
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
  const grant = new provider.Grant({ accountId: userOid, clientId });
  grant.addOIDCScope(USER_SCOPE);
  if (resource !== undefined) grant.addResourceScope(resource, '.default');
  return grant.save();
}
