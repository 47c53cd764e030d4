// Access tokens for commands that speak to an instance: as the administrator of a development data directory, or as
// whoever the environment names. Tokens stay in memory.

import { readDevClients } from '../deployment/dev-clients.ts';
import { azureNames } from '../deployment/name-forms.ts';
import { printableLine } from '../formats/printable.ts';
import { CommandError } from './command.ts';
import { givenToken, type TokenTarget } from './given-token.ts';
import { agentOf, exchange, type Route } from './https-exchange.ts';

/** @throws CommandError */
export async function devAdministratorToken(dataRoot: string, route: Route): Promise<string> {
  const { tenantId, applications } = readDevClients(dataRoot);
  const { appId, secret } = applications.admin;
  return devToken(tenantId, route, { grant_type: 'client_credentials', client_id: appId, client_secret: secret });
}

/** A person of the development directory. @throws CommandError */
export async function devUserToken(dataRoot: string, route: Route, name: string): Promise<string> {
  const { tenantId, upn: username, password } = findDevUser(dataRoot, name);
  return devToken(tenantId, route, { grant_type: 'password', client_id: STOCK_CLIENT, username, password });
}

/** @throws CommandError when there is nobody of that name */
export function findDevUser(
  dataRoot: string,
  name: string,
): { readonly tenantId: string; readonly upn: string; readonly password: string } {
  const { tenantId, users } = readDevClients(dataRoot);
  const user = Object.hasOwn(users, name) ? users[name as keyof typeof users] : undefined;
  if (user === undefined) {
    throw new CommandError(
      `there is no '${name}' in the development directory; there are ${Object.keys(users).join(', ')}`,
    );
  }
  return { tenantId, upn: user.upn, password: user.password };
}

/** The public client that `az` signs people in with. */
const STOCK_CLIENT = '04b07795-8ddb-461a-bbee-02f9e1bf7b46';

async function devToken(tenantId: string, route: Route, given: Readonly<Record<string, string>>): Promise<string> {
  const form = azureNames();
  const grant = new URLSearchParams({ ...given, scope: `${form.audiences.instances[0] ?? ''}/.default` });
  const { status, text } = await exchange(route, {
    method: 'POST',
    url: `${form.login}/${tenantId}/oauth2/v2.0/token`,
    body: grant.toString(),
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  });
  if (status !== 200) throw new CommandError(`the token issuer answered ${status}: ${text.slice(0, 600)}`);
  const { access_token: token } = JSON.parse(text) as { readonly access_token?: unknown };
  if (typeof token !== 'string') throw new CommandError('the token issuer answered without a token');
  return token;
}

/** Whether the environment says anything of who asks. */
export function namesIdentity(environment: NodeJS.ProcessEnv): boolean {
  return ['AZURE_CLIENT_ID', 'AZURE_TENANT_ID', 'AZURE_AUTHORITY_HOST'].some((name) => Boolean(environment[name]));
}

/**
 * The way of every client: an unauthenticated request is answered with a challenge, which names the tenant and the
 * resource. Where credentials are sent is the environment's choice, never the challenge's.
 * @throws CommandError
 */
export async function environmentToken(url: string, route: Route): Promise<string> {
  const { authority, tenantId, resource } = await challengeOf(url, route);
  const given = givenToken('STRONGROOM_TOKEN_FILE', tokenTargetOf(url, route, resource));
  if (given !== undefined) return given;
  const authorityHost = process.env['AZURE_AUTHORITY_HOST'] ?? azureNames().login;
  if (!URL.canParse(authorityHost) || new URL(authorityHost).host !== new URL(authority).host) {
    throw new CommandError(
      `the service's tokens come from ${authority}, but this shell's from ${authorityHost}; ` +
        `if you know that issuer, set AZURE_AUTHORITY_HOST=${authority}`,
    );
  }
  for (const name of ['AZURE_TENANT_ID', 'AZURE_CLIENT_ID']) {
    if (!process.env[name]) {
      throw new CommandError(
        `--url needs an identity: set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET (${name} is missing)`,
      );
    }
  }
  if (process.env['AZURE_TENANT_ID'] !== tenantId) {
    throw new CommandError(`the service's tenant is ${tenantId}, but AZURE_TENANT_ID is another`);
  }
  const { EnvironmentCredential } = await import('@azure/identity');
  const agent = agentOf(route);
  try {
    const credential = new EnvironmentCredential({
      authorityHost,
      // Discovery asks the public cloud about the issuer; the environment has named it already.
      disableInstanceDiscovery: true,
      retryOptions: { maxRetries: 2 },
      agent,
    });
    return (await credential.getToken(`${resource}/.default`)).token;
  } catch (error) {
    throw new CommandError(`no token from ${authorityHost}: ${firstLine(error)}`, { cause: error });
  } finally {
    agent.destroy();
  }
}

/**
 * Whoever `az` is signed in as: it keeps the sign-in, and is asked for a token. Where a token was given, whoever that is of.
 * @throws CommandError
 */
export async function signedInToken(url: string, route: Route): Promise<string> {
  const { tenantId, resource } = await challengeOf(url, route);
  const given = givenToken('STRONGROOM_TOKEN_FILE', tokenTargetOf(url, route, resource));
  if (given !== undefined) return given;
  const { AzureCliCredential } = await import('@azure/identity');
  try {
    return (await new AzureCliCredential({ tenantId }).getToken(`${resource}/.default`)).token;
  } catch (error) {
    throw new CommandError(
      `no token from az: ${azComplaint(error)}; sign in with az, set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET, ` +
        'or name a file with a token in STRONGROOM_TOKEN_FILE',
      { cause: error },
    );
  }
}

/** Of a development directory every name leads to a port of this machine, so that its name is no word on who is there. */
function tokenTargetOf(url: string, { port }: Route, resource: string): TokenTarget {
  return port === undefined ? { host: new URL(url).host, audience: resource } : { host: `127.0.0.1:${port}` };
}

/** What `az` says in one line: the first, or the last where it fell over. */
export function azComplaint(error: unknown): string {
  const lines = (error instanceof Error ? error.message : String(error)).trim().split('\n');
  return (lines[0]?.startsWith('Traceback ') ? lines.at(-1) : lines[0]) ?? '';
}

async function challengeOf(url: string, route: Route) {
  const { status, headers, text } = await exchange(route, {
    method: 'GET',
    url: `${url}/securitydomain/download/pending`,
    headers: {},
  });
  const { host } = new URL(url);
  const [, authority, tenantId, resource] =
    /^Bearer authorization="(https:\/\/[^"/]+)\/([^"/]+)", resource="(https:\/\/[^"/]+)"$/.exec(
      headers['www-authenticate'] ?? '',
    ) ?? [];
  const turnedAway = status === 403 ? firewallRefusal(text) : undefined;
  if (turnedAway !== undefined) {
    throw new CommandError(
      `the network rules in force at ${host} turn this machine away: ${turnedAway}. Ask from where they let you in; ` +
        'they are changed at the resource manager, which is under no rules (docs/guide/network-rules.md)',
    );
  }
  if (status !== 401 || authority === undefined || tenantId === undefined || resource === undefined) {
    throw new CommandError(`${host} does not answer like a Managed HSM (status ${status}, no challenge)`);
  }
  // A service must not obtain tokens for others: they would be good there.
  if (!host.endsWith(`.${new URL(resource).host}`)) {
    throw new CommandError(`${host} asks for a token of ${resource}, which it is not part of`);
  }
  return { authority, tenantId, resource };
}

/** What it says, without the id; undefined: refused for another reason, or by something in between. */
function firewallRefusal(text: string): string | undefined {
  try {
    const { error } = JSON.parse(text) as {
      readonly error?: { readonly innererror?: { readonly code?: unknown }; readonly message?: unknown };
    };
    if (error?.innererror?.code !== 'ForbiddenByFirewall' || typeof error.message !== 'string') return undefined;
    return printableLine(error.message.replace(/ \(Activity ID: [^)]*\)$/, ''));
  } catch {
    return undefined;
  }
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n', 1)[0] ?? '';
}
