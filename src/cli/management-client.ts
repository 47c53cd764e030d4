// How commands speak to the resource manager about one managed HSM: of a running development data directory as the owner of
// its subscription, of any other service as whoever `az` is signed in as.
import { setTimeout as delay } from 'node:timers/promises';
import { azureNames } from '../deployment/name-forms.ts';
import { having } from '../formats/having.ts';
import { list, type Reader, text } from '../formats/shape.ts';
import { CommandError, dataOption, type OptionValues } from './command.ts';
import { authoritiesWith, type Reply, type Route } from './https-exchange.ts';
import { type AskingClient, addressOf, clientOf, jsonOf, type Method, readAnswer } from './instance-client.ts';
import { dataRootOf, requireRunning } from './running.ts';
import { devToken, managementToken } from './tokens.ts';

export const managementOptions = {
  ...dataOption,
  'arm URL': 'instead of --data: https://HOST of the resource manager; whoever az is signed in as asks',
  'ca FILE': "with --arm: the certificate authority of the service, beside the system's",
} as const;

type ManagementValues = OptionValues<typeof managementOptions>;
export type ManagedHsmClient = Awaited<ReturnType<typeof openManagedHsm>>;

const VERSION = 'api-version=2024-11-01';
const subscription = having({ subscriptionId: text });
const managedHsm = having({ id: text, name: text, properties: having({ hsmUri: text }) });
const operation = having({ status: text }, { error: having({ message: text }) });

/** Whatever the caller may ask it. */
export function openResourceManager(values: ManagementValues) {
  const place = placeOf(values);
  const arm = clientOf({ who: 'the resource manager', ...place });
  return {
    arm,
    place,
    /** Ends when what was begun has ended. @throws AnswerError */
    async ask(method: Method, path: string, body?: object): Promise<unknown> {
      const begun = await arm.send(method, `${place.origin}${path}?${VERSION}`, body);
      return jsonOf(await finished(begun, arm), arm.who);
    },
  };
}

/** One managed HSM, found by its name among those that the caller sees, and how its data plane is reached from here. */
export async function openManagedHsm(values: ManagementValues, name: string) {
  const { arm, place, ask } = openResourceManager(values);
  const { id, properties } = await find(arm, name);
  return {
    hsmUri: properties.hsmUri,
    route: place.route,
    /** Ends when what was begun has ended. @param below what follows the HSM's own path @throws AnswerError */
    ask: (method: Method, below: string, body?: object): Promise<unknown> => ask(method, id + below, body),
  };
}

/** Asks until what was begun has ended, in either style of the resource manager. */
async function finished(begun: Reply, arm: AskingClient): Promise<Reply> {
  const { location, 'azure-asyncoperation': stands } = begun.headers;
  if (typeof stands === 'string') {
    for (;;) {
      const { status, error } = readAnswer(await arm.ask('GET', stands), arm.who, 'operation', operation);
      if (status === 'Succeeded') return begun;
      if (status !== 'InProgress') throw new CommandError(`it failed: ${error?.message ?? status}`);
      await delay(POLL_MS);
    }
  }
  let reply = begun;
  while (reply.status === 202 && typeof location === 'string') {
    await delay(POLL_MS);
    reply = await arm.send('GET', location);
  }
  return reply;
}

const POLL_MS = 300;

async function find(arm: AskingClient, name: string): Promise<ReturnType<typeof managedHsm>> {
  for (const { subscriptionId } of await listAll(arm, '/subscriptions?api-version=2022-12-01', subscription)) {
    const path = `/subscriptions/${subscriptionId}/providers/Microsoft.KeyVault/managedHSMs?${VERSION}`;
    const hsms = await listAll(arm, path, managedHsm);
    const found = hsms.find((hsm) => hsm.name.toLowerCase() === name.toLowerCase());
    if (found !== undefined) return found;
  }
  throw new CommandError(`the resource manager shows no managed HSM '${name.slice(0, 64)}'`);
}

async function listAll<T>(arm: AskingClient, address: string, item: Reader<T>): Promise<readonly T[]> {
  const page = having({ value: list(item) }, { nextLink: text });
  const { value, nextLink } = readAnswer(await arm.ask('GET', address), arm.who, 'list', page);
  return nextLink === undefined ? value : [...value, ...(await listAll(arm, nextLink, item))];
}

function placeOf({ data, arm, ca }: ManagementValues) {
  const address = addressOf('arm', { address: arm, data, ca });
  if (address !== undefined) return { ...address, newToken: () => managementToken(address.origin) };
  const root = dataRootOf(data);
  const state = requireRunning(root);
  const route: Route = { ca: authoritiesWith(state.ca) };
  // Nobody's secrets are in the data directory: whoever az is signed in as asks, at the name that everybody uses.
  if (state.profile === 'production') {
    return { origin: state.uris.arm, route, newToken: () => managementToken(state.uris.arm) };
  }
  const own: Route = { ...route, port: state.port };
  return { origin: azureNames().arm, route: own, newToken: () => devToken(root, own, 'arm') };
}
