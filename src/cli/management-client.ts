// How commands speak to the resource manager about one managed HSM: of a running development data directory as the owner of
// its subscription, of any other service as whoever `az` is signed in as.
import { setTimeout as delay } from 'node:timers/promises';
import { readDevClients } from '../deployment/dev-clients.ts';
import { azureNames } from '../deployment/name-forms.ts';
import { CommandError, dataOption, UsageError } from './command.ts';
import { givenToken } from './given-token.ts';
import { authoritiesWith, exchange, type Reply, type Route } from './https-exchange.ts';
import { AnswerError } from './instance-client.ts';
import { azComplaint } from './instance-token.ts';
import { dataRootOf, requireRunning } from './running.ts';

export const managementOptions = {
  ...dataOption,
  'arm URL': 'instead of --data: https://HOST of the resource manager; whoever az is signed in as asks',
  'ca FILE': "with --arm: the certificate authority of the service, beside the system's",
} as const;

export interface ManagementValues {
  readonly data: string | undefined;
  readonly arm: string | undefined;
  readonly ca: string | undefined;
}

/** One managed HSM, found by its name. */
export interface ManagedHsmClient {
  /** Address of its data plane. */
  readonly hsmUri: string;
  /** How the data plane is reached from here. */
  readonly route: Route;
  /** @param below what follows the HSM's own path @throws AnswerError */
  ask(method: 'GET' | 'PUT' | 'POST' | 'DELETE', below: string, body?: object): Promise<unknown>;
}

interface Place {
  readonly arm: string;
  readonly route: Route;
  readonly token: string;
}

const VERSION = 'api-version=2024-11-01';

/** @throws CommandError when there is no such HSM, or none that the caller sees */
export async function openManagedHsm(values: ManagementValues, name: string): Promise<ManagedHsmClient> {
  const place = values.arm === undefined ? await local(values) : await remote(values.arm, values);
  const send = (method: string, url: string, body?: object): Promise<Reply> => sendTo(place, method, url, body);
  const hsm = await find(place, name);
  return {
    hsmUri: hsm.properties.hsmUri,
    route: place.route,
    async ask(method, below, body) {
      const begun = await send(method, `${place.arm}${hsm.id}${below}?${VERSION}`, body);
      const { text } = await finished(begun, send);
      return text === '' ? undefined : (JSON.parse(text) as unknown);
    },
  };
}

async function sendTo({ route, token }: Place, method: string, url: string, body?: object): Promise<Reply> {
  const reply = await exchange(route, {
    method,
    url,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  if (reply.status < 200 || reply.status > 299) throw new AnswerError('the resource manager', reply);
  return reply;
}

/** Asks until what was begun has ended, in either style of the resource manager. */
async function finished(begun: Reply, send: (method: string, url: string) => Promise<Reply>): Promise<Reply> {
  const { location, 'azure-asyncoperation': operation } = begun.headers;
  if (typeof operation === 'string') {
    for (;;) {
      const { status, error } = JSON.parse((await send('GET', operation)).text) as {
        readonly status: string;
        readonly error?: { readonly message: string };
      };
      if (status === 'Succeeded') return begun;
      if (status !== 'InProgress') throw new CommandError(`it failed: ${error?.message ?? status}`);
      await delay(POLL_MS);
    }
  }
  let reply = begun;
  while (reply.status === 202 && typeof location === 'string') {
    await delay(POLL_MS);
    reply = await send('GET', location);
  }
  return reply;
}

const POLL_MS = 300;

interface FoundHsm {
  readonly id: string;
  readonly name: string;
  readonly properties: { readonly hsmUri: string };
}

async function find(place: Place, name: string): Promise<FoundHsm> {
  const list = async (url: string): Promise<readonly unknown[]> => {
    const { value, nextLink } = JSON.parse((await sendTo(place, 'GET', url)).text) as {
      readonly value: readonly unknown[];
      readonly nextLink?: string;
    };
    return nextLink === undefined ? value : [...value, ...(await list(nextLink))];
  };
  const subscriptions = (await list(`${place.arm}/subscriptions?api-version=2022-12-01`)) as readonly {
    readonly subscriptionId: string;
  }[];
  for (const { subscriptionId } of subscriptions) {
    const path = `/subscriptions/${subscriptionId}/providers/Microsoft.KeyVault/managedHSMs`;
    const hsms = (await list(`${place.arm}${path}?${VERSION}`)) as readonly FoundHsm[];
    const found = hsms.find((hsm) => hsm.name.toLowerCase() === name.toLowerCase());
    if (found !== undefined) return found;
  }
  throw new CommandError(`the resource manager shows no managed HSM '${name.slice(0, 64)}'`);
}

async function local({ data, ca }: ManagementValues): Promise<Place> {
  if (ca !== undefined) throw new UsageError('--ca goes with --arm');
  const root = dataRootOf(data);
  const state = requireRunning(root);
  // Nobody's secrets are in the data directory: whoever az is signed in as asks, at the name that everybody uses.
  if (state.profile === 'production') return signedIn(state.uris.arm, state.ca);
  const route: Route = { ca: authoritiesWith(state.ca), port: state.port };
  const form = azureNames();
  const { tenantId, applications } = readDevClients(root);
  const { appId, secret } = applications.owner;
  const grant = { grant_type: 'client_credentials', client_id: appId, client_secret: secret };
  const { status, text } = await exchange(route, {
    method: 'POST',
    url: `${form.login}/${tenantId}/oauth2/v2.0/token`,
    body: new URLSearchParams({ ...grant, scope: `${form.arm}/.default` }).toString(),
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  });
  if (status !== 200) throw new CommandError(`the token issuer answered ${status}: ${text.slice(0, 600)}`);
  const { access_token: token } = JSON.parse(text) as { readonly access_token?: unknown };
  if (typeof token !== 'string') throw new CommandError('the token issuer answered without a token');
  return { arm: form.arm, route, token };
}

async function remote(url: string, { data, ca }: ManagementValues): Promise<Place> {
  if (data !== undefined) throw new UsageError('--arm and --data exclude each other');
  if (!URL.canParse(url) || new URL(url).protocol !== 'https:') throw new UsageError('--arm must be https://HOST');
  return signedIn(new URL(url).origin, ca);
}

async function signedIn(origin: string, ca: string | undefined): Promise<Place> {
  const route: Route = { ca: ca === undefined ? undefined : authoritiesWith(ca) };
  const given = givenToken('STRONGROOM_ARM_TOKEN_FILE', { host: new URL(origin).host, audience: origin });
  if (given !== undefined) return { arm: origin, route, token: given };
  const { AzureCliCredential } = await import('@azure/identity');
  try {
    const { token } = await new AzureCliCredential().getToken(`${origin}/.default`);
    return { arm: origin, route, token };
  } catch (error) {
    throw new CommandError(
      `no token from az: ${azComplaint(error)}; sign in with az, or name a file with a token in STRONGROOM_ARM_TOKEN_FILE`,
      { cause: error },
    );
  }
}
