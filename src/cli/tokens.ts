// Access tokens for commands: of a development data directory as one of its applications or people; elsewhere as whoever the
// environment names, or `az` is signed in as. Tokens stay in memory.
import { type DevClients, readDevClients } from '../deployment/dev-clients.ts';
import { azureNames } from '../deployment/name-forms.ts';
import { printableLine } from '../formats/printable.ts';
import { CommandError } from './command.ts';
import { givenToken } from './given-token.ts';
import { agentOf, exchange, type Route, refusalIn } from './https-exchange.ts';

/** The public client that `az` signs people in with. */
const STOCK_CLIENT = '04b07795-8ddb-461a-bbee-02f9e1bf7b46';

/** @param person of the development directory; absent: the application that administers that plane @throws CommandError */
export async function devToken(
  dataRoot: string,
  route: Route,
  plane: 'instances' | 'arm',
  person?: string,
): Promise<string> {
  const { login, arm, audiences } = azureNames();
  const { tenantId, applications } = readDevClients(dataRoot);
  const { appId, secret } = plane === 'arm' ? applications.owner : applications.admin;
  const { upn: username = '', password = '' } = person === undefined ? {} : findDevUser(dataRoot, person);
  const grant =
    person === undefined
      ? { grant_type: 'client_credentials', client_id: appId, client_secret: secret }
      : { grant_type: 'password', client_id: STOCK_CLIENT, username, password };
  const resource = plane === 'arm' ? arm : audiences.instances[0];
  const { status, text } = await exchange(route, {
    method: 'POST',
    url: `${login}/${tenantId}/oauth2/v2.0/token`,
    body: new URLSearchParams({ ...grant, scope: `${resource}/.default` }).toString(),
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  });
  if (status !== 200) throw new CommandError(`the token issuer answered ${status}: ${text.slice(0, 600)}`);
  const { access_token: token } = JSON.parse(text) as { readonly access_token?: unknown };
  if (typeof token !== 'string') throw new CommandError('the token issuer answered without a token');
  return token;
}

export function findDevUser(dataRoot: string, name: string): DevClients['users']['alice'] {
  const users = new Map(Object.entries(readDevClients(dataRoot).users));
  const user = users.get(name);
  if (user !== undefined) return user;
  throw new CommandError(
    `there is no '${name}' in the development directory; there are ${[...users.keys()].join(', ')}`,
  );
}

/**
 * The way of every client: an unauthenticated request is answered with a challenge, which names the tenant and the
 * resource. Where credentials are sent is the environment's choice, never the challenge's.
 * @param isSignedIn whoever `az` is signed in as, also where the environment names somebody
 */
export async function instanceToken(url: string, route: Route, isSignedIn: boolean): Promise<string> {
  const challenge = await challengeOf(url, route);
  const { tenantId, resource } = challenge;
  // Of a development directory every name leads to a port of this machine, so that its name is no word on who is there.
  const target =
    route.port === undefined ? { host: new URL(url).host, audience: resource } : { host: `127.0.0.1:${route.port}` };
  const given = givenToken('STRONGROOM_TOKEN_FILE', target);
  if (given !== undefined) return given;
  const isNamed = ['AZURE_CLIENT_ID', 'AZURE_TENANT_ID', 'AZURE_AUTHORITY_HOST'].some((name) => process.env[name]);
  if (isNamed && !isSignedIn) return environmentToken(challenge, route);
  const otherwise =
    'set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET, or name a file with a token in STRONGROOM_TOKEN_FILE';
  return azToken(resource, { tenantId }, otherwise);
}

/** @param origin of the resource manager @throws CommandError */
export async function managementToken(origin: string): Promise<string> {
  const given = givenToken('STRONGROOM_ARM_TOKEN_FILE', { host: new URL(origin).host, audience: origin });
  return given ?? azToken(origin, {}, 'or name a file with a token in STRONGROOM_ARM_TOKEN_FILE');
}

/** It keeps the sign-in, and is asked for a token. */
async function azToken(resource: string, tenant: { readonly tenantId?: string }, otherwise: string): Promise<string> {
  const { AzureCliCredential } = await import('@azure/identity');
  try {
    return (await new AzureCliCredential(tenant).getToken(`${resource}/.default`)).token;
  } catch (cause) {
    throw new CommandError(`no token from az: ${complaint(cause)}; sign in with az, ${otherwise}`, { cause });
  }
}

async function environmentToken(
  { authority, tenantId, resource }: Awaited<ReturnType<typeof challengeOf>>,
  route: Route,
): Promise<string> {
  const authorityHost = process.env['AZURE_AUTHORITY_HOST'] ?? azureNames().login;
  if (!URL.canParse(authorityHost) || new URL(authorityHost).host !== new URL(authority).host) {
    throw new CommandError(
      `the service's tokens come from ${authority}, but this shell's from ${authorityHost}; ` +
        `if you know that issuer, set AZURE_AUTHORITY_HOST=${authority}`,
    );
  }
  const missing = ['AZURE_TENANT_ID', 'AZURE_CLIENT_ID'].find((name) => !process.env[name]);
  if (missing !== undefined) {
    throw new CommandError(
      `--url needs an identity: set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET (${missing} is missing)`,
    );
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
  } catch (cause) {
    throw new CommandError(`no token from ${authorityHost}: ${complaint(cause)}`, { cause });
  } finally {
    agent.destroy();
  }
}

/** In one line: the first, or the last where `az` fell over. */
function complaint(error: unknown): string {
  const lines = (error instanceof Error ? error.message : String(error)).trim().split('\n');
  return (lines[0]?.startsWith('Traceback ') ? lines.at(-1) : lines[0]) ?? '';
}

async function challengeOf(url: string, route: Route) {
  const { status, headers, text } = await exchange(route, { url: `${url}/securitydomain/download/pending` });
  const { host } = new URL(url);
  const [, authority, tenantId, resource] =
    /^Bearer authorization="(https:\/\/[^"/]+)\/([^"/]+)", resource="(https:\/\/[^"/]+)"$/.exec(
      headers['www-authenticate'] ?? '',
    ) ?? [];
  const { innerCode, message } = refusalIn(text);
  if (status === 403 && innerCode === 'ForbiddenByFirewall') {
    const said = printableLine(message.replace(/ \(Activity ID: [^)]*\)$/, ''));
    throw new CommandError(
      `the network rules in force at ${host} turn this machine away: ${said}. Ask from where they let you in; ` +
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
