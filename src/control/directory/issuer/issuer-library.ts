// The protocol library, set up for Entra-shaped tokens of the directory's principals. It is a third of what the control process
// loads, and so is loaded when the first token is asked for.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Context, Provider } from 'oidc-provider';
import { isClientSecret } from './clients.ts';
import { entraError } from './entra-error.ts';
import { registerGrants } from './grants.ts';
import { USER_SCOPE } from './issue-tokens.ts';
import { type IssuerOptions, libraryConfiguration } from './library-configuration.ts';

export interface IssuerLibrary {
  readonly provider: Provider;
  /** Lets the library answer at one of its own paths. `origin`: how the caller names this host. */
  pass(origin: string, path: string, req: IncomingMessage, res: ServerResponse): Promise<undefined>;
  /** Records that a user let an application act for them, and returns the id of that record. */
  grantToClient(userOid: string, clientId: string, resource: string | undefined): Promise<string>;
}

/** @param defaultAudience for requests that name none */
export function openIssuerLibrary(options: IssuerOptions, defaultAudience: string): IssuerLibrary {
  const { directory, issuer } = options;
  const audiences = new Set(options.audiences);
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
    provider,
    async pass(origin, path, req, res) {
      origins.set(req, origin);
      req.url = path;
      await callback(req, res);
    },
    async grantToClient(userOid, clientId, resource) {
      const grant = new provider.Grant({ accountId: userOid, clientId });
      grant.addOIDCScope(USER_SCOPE);
      if (resource !== undefined) grant.addResourceScope(resource, '.default');
      return grant.save();
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
