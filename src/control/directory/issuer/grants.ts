// The token endpoint's grants in Entra's shapes, on the protocol library's models: it has already read the request,
// authenticated the client and checked that the grant is allowed to it; it signs and keeps what is made here.
import { hash, timingSafeEqual } from 'node:crypto';
import { errors, type OidcContext, type Provider } from 'oidc-provider';
import type { Directory, User } from '../directory.ts';
import { findUser, findUserByPassword } from '../find-principal.ts';
import { requestedAudience } from './audience.ts';
import { GRANT_TYPES } from './clients.ts';
import { type GrantPolicy, type GrantRequest, issueToUser, lifetime, resourceServer } from './issue-tokens.ts';

const PARAMETERS = ['scope', 'resource', 'claims', 'client_info'];

export function registerGrants(provider: Provider, policy: GrantPolicy): void {
  const register = (name: string, handle: Grant, parameters: readonly string[] = []): void => {
    provider.registerGrantType(
      name,
      async (ctx) => {
        const { oidc } = ctx;
        if (oidc === undefined) throw new Error('the library runs grants with its context');
        ctx.body = await handle({ ...policy, ctx, oidc });
      },
      [...PARAMETERS, ...parameters],
    );
  };
  register(GRANT_TYPES.clientCredentials, grantToApplication);
  register(GRANT_TYPES.password, grantByPassword, ['username', 'password']);
  register(GRANT_TYPES.deviceCode, grantByDeviceCode, ['device_code', 'code']);
  register(GRANT_TYPES.refreshToken, grantByRefreshToken, ['refresh_token']);
  register(GRANT_TYPES.authorizationCode, grantByCode, ['code', 'redirect_uri', 'code_verifier']);
}

type Grant = (request: GrantRequest) => Promise<Record<string, unknown>>;

const grantToApplication: Grant = async (request) => {
  const { oidc } = request;
  const audience = requestedAudience(oidc.params);
  if (audience === undefined) throw new errors.InvalidScope('the scope must be a resource followed by /.default');
  const token = new oidc.provider.ClientCredentials({ client: oidc.client });
  token.resourceServer = resourceServer(request, audience);
  oidc.entity('ClientCredentials', token);
  const accessToken = await token.save();
  return { token_type: 'Bearer', ...lifetime(request, audience), access_token: accessToken };
};

const grantByPassword: Grant = async (request) => {
  const { directory, oidc } = request;
  const user = await findUserByPassword(directory, required(oidc, 'username'), required(oidc, 'password'));
  if (user === undefined) throw new errors.InvalidGrant('wrong user name or password');
  return issueToUser(request, { user });
};

const grantByDeviceCode: Grant = async (request) => {
  const { directory, oidc } = request;
  // Older clients call it `code`; current ones send both.
  const value = oidc.params.device_code ?? oidc.params.code;
  if (typeof value !== 'string') throw new errors.InvalidRequest("missing required parameter 'device_code'");
  const code = await oidc.provider.DeviceCode.find(value, { ignoreExpiration: true });
  if (code === undefined || code.clientId !== oidc.client?.clientId) throw new errors.InvalidGrant('unknown code');
  if (code.isExpired) throw new errors.ExpiredToken();
  if (code.consumed !== undefined) throw new errors.InvalidGrant('the code was used before');
  const user = code.accountId === undefined ? undefined : findUser(directory, code.accountId);
  if (user === undefined) throw new errors.AuthorizationPending();
  await code.consume();
  return issueToUser(request, { user, scope: code.params.scope, audience: code.params.resource });
};

/** The old token stays valid: several processes of one client share a token cache and refresh at the same time. */
const grantByRefreshToken: Grant = async (request) => {
  const { directory, oidc } = request;
  const refreshToken = required(oidc, 'refresh_token');
  const token = await oidc.provider.RefreshToken.find(refreshToken);
  if (token === undefined || token.clientId !== oidc.client?.clientId || token.accountId === undefined) {
    throw new errors.InvalidGrant('unknown refresh token');
  }
  const user = requireUser(directory, token.accountId);
  return issueToUser(request, { user, refreshToken, audience: oneText(token.resource) });
};

const grantByCode: Grant = async (request) => {
  const { directory, oidc } = request;
  const code = await oidc.provider.AuthorizationCode.find(required(oidc, 'code'));
  if (code === undefined || code.clientId !== oidc.client?.clientId || code.consumed !== undefined) {
    throw new errors.InvalidGrant('unknown code');
  }
  if (code.redirectUri !== required(oidc, 'redirect_uri')) throw new errors.InvalidGrant('redirect_uri differs');
  checkCodeVerifier(required(oidc, 'code_verifier'), code.codeChallenge ?? '', code.codeChallengeMethod);
  await code.consume();
  const user = requireUser(directory, code.accountId);
  return issueToUser(request, { user, nonce: code.nonce, audience: oneText(code.resource) });
};

function requireUser(directory: Directory, oid: string | undefined): User {
  const user = oid === undefined ? undefined : findUser(directory, oid);
  if (user === undefined) throw new errors.InvalidGrant('the user no longer exists');
  return user;
}

function oneText(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** RFC 7636 §4.6, S256 only. */
function checkCodeVerifier(verifier: string, challenge: string, method: string | undefined): void {
  const [expected, actual] = [Buffer.from(challenge), Buffer.from(hash('sha256', verifier, 'base64url'))];
  if (method !== 'S256' || expected.length !== actual.length || !timingSafeEqual(expected, actual)) {
    throw new errors.InvalidGrant('PKCE verification failed');
  }
}

function required({ params }: OidcContext, name: string): string {
  const value = params[name];
  if (typeof value !== 'string') throw new errors.InvalidRequest(`missing required parameter '${name}'`);
  return value;
}
