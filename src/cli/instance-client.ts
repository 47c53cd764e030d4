// How commands speak to an instance: over its public API, either the one of a running data directory (in the dev
// profile as its administrator) or the one at an address (as whoever the environment names). The token is fetched when it is needed,
// and again when it has run out.
import { readDevClients } from '../deployment/dev-clients.ts';
import { azureNames } from '../deployment/name-forms.ts';
import { ownCommand } from '../formats/own-command.ts';
import { printable } from '../formats/printable.ts';
import { patience } from '../formats/retry-after.ts';
import { isGuid, type Reader, ShapeError } from '../formats/shape.ts';
import { instanceOrigin } from '../http/name-form.ts';
import { CommandError, dataOption, jsonOption, type OptionValues, UsageError } from './command.ts';
import { claimsOf } from './given-token.ts';
import { agentOf, authoritiesWith, exchange, type Reply, type Route, refusalIn } from './https-exchange.ts';
import { instanceNamed } from './instance-folder.ts';
import { dataRootOf, requireRunning } from './running.ts';
import { messageHere } from './same-place.ts';
import { devToken, findDevUser, instanceToken } from './tokens.ts';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** The public API of an instance. */
export interface InstanceClient {
  /** As messages name it. */
  readonly who: string;
  /**
   * @param path with its query
   * @returns what the answer's JSON says; undefined when it has none
   * @throws AnswerError with everything that the service said, when it refused
   */
  ask(method: Method, path: string, body?: object): Promise<unknown>;
}

/** Of which it is known who asks. */
export interface AskingClient extends InstanceClient {
  /** @returns the answer as it came @param address a path, or where the service says that it goes on @throws AnswerError */
  send(method: Method, address: string, body?: object, headers?: Readonly<Record<string, string>>): Promise<Reply>;
  /** Object id of who asks, as the token says it. @throws CommandError */
  asker(): Promise<string>;
}

/** Where duties are separated much of it is for a person to ask. */
export const asOption = {
  'as WHO':
    'az: whoever az is signed in as · without --url alice, bob: people of the development directory (default: its administrator; with --url $AZURE_…)',
} as const;

export const caOption = {
  'ca FILE': "with --url: the certificate authority of the instance, beside the system's",
} as const;

/** Options of every command that speaks to an instance. */
export const instanceOptions = {
  'hsm-name NAME (dev)': 'the instance',
  ...dataOption,
  'url URL': 'instead of --hsm-name and --data: https://HOST of an instance; $AZURE_CLIENT_ID … say who asks, else az',
  ...caOption,
  ...asOption,
} as const;

/** Of those, too, that show its answer. */
export const instanceAnswerOptions = { ...instanceOptions, ...jsonOption } as const;

/** `--as` of whom `az` is signed in as. */
export const SIGNED_IN = 'az';

export type InstanceValues = OptionValues<typeof instanceOptions>;

type NamedInstance = { readonly [K in keyof InstanceValues]?: InstanceValues[K] | undefined } & {
  readonly 'hsm-name': string;
};

/** The data directory of the instance that was named; undefined where an address was. @throws CommandError */
export function rootOf({ url, data }: Pick<InstanceValues, 'url' | 'data'>): string | undefined {
  return url === undefined ? dataRootOf(data) : undefined;
}

interface Address {
  readonly address: string | undefined;
  readonly data: string | undefined;
  readonly ca: string | undefined;
}

/** @returns undefined where a data directory is meant @throws UsageError for options that exclude each other, CommandError */
export function addressOf(
  option: 'url' | 'arm',
  { address, data, ca }: Address,
): { readonly origin: string; readonly host: string; readonly route: Route } | undefined {
  if (address === undefined) {
    if (ca !== undefined) throw new UsageError(`--ca goes with --${option}`);
    return undefined;
  }
  if (data !== undefined) throw new UsageError(`--${option} and --data exclude each other`);
  const url = URL.parse(address);
  if (url?.protocol !== 'https:') throw new UsageError(`--${option} must be https://HOST`);
  return { origin: url.origin, host: url.host, route: { ca: ca === undefined ? undefined : authoritiesWith(ca) } };
}

/** @throws CommandError when there is no such instance, or nothing runs; UsageError for options that exclude each other */
export function openInstanceClient(
  { 'hsm-name': wanted, data, url, ca, as }: NamedInstance,
  /** Of a running development directory: it asks so much that its connections are kept. */
  asksMuch = false,
): AskingClient {
  const address = addressOf('url', { address: url, data, ca });
  if (address !== undefined) return ownClient(address.host, address.origin, address.route, as);
  const root = dataRootOf(data);
  const state = requireRunning(root);
  const name = instanceNamed(Object.keys(state.instances), wanted);
  const { activation, message = '' } = state.instances[name] ?? {};
  if (activation === 'Stopped') throw new CommandError(`'${name}' does not run. ${messageHere(message, name, data)}`);
  const who = `instance '${name}'`;
  const ours = authoritiesWith(state.ca);
  const [published] = state.origins[name] ?? [];
  // At the name that everybody uses.
  if (state.profile === 'production' && published !== undefined) return ownClient(who, published, { ca: ours }, as);
  // Names go to the loopback port, whatever they resolve to.
  const route: Route = { ca: ours, port: state.port };
  const origin = instanceOrigin(azureNames(), name);
  // A wrong name is found before anything is begun, also by commands that ask late or never.
  if (as !== undefined && as !== SIGNED_IN) findDevUser(root, as);
  return clientOf({
    ...{ who, origin, route: asksMuch ? { ...route, kept: agentOf(route, true) } : route },
    newToken: () => (as === SIGNED_IN ? instanceToken(origin, route, true) : devToken(root, route, 'instances', as)),
    hintOn(innerCode) {
      if (innerCode !== 'PersonRequired') return undefined;
      const people = Object.keys(readDevClients(root).users).map((each) => `--as ${each}`);
      return `People of this development directory ask with ${people.join(' or ')}`;
    },
  });
}

/** Nobody's secrets are ours: the environment says who asks, and where it says nothing `az` does. @throws UsageError */
function ownClient(who: string, origin: string, route: Route, as: string | undefined): AskingClient {
  if (as !== undefined && as !== SIGNED_IN) {
    throw new UsageError(
      `people of a development directory are known to its own instances alone: leave out --url, or say --as ${SIGNED_IN}`,
    );
  }
  return clientOf({ who, origin, route, newToken: () => instanceToken(origin, route, as === SIGNED_IN) });
}

/** Where a service is, and how it is asked. */
interface Service {
  readonly who: string;
  readonly origin: string;
  readonly route: Route;
  newToken(): Promise<string>;
  /** What would help here, that the service cannot know. */
  hintOn?(innerCode: string): string | undefined;
}

/** The service refused. */
export class AnswerError extends CommandError {
  readonly status: number;
  readonly code: string;
  readonly innerCode: string | undefined;

  constructor(who: string, { status, headers, text }: Reply, hintOn?: Service['hintOn']) {
    const { code, innerCode, message } = refusalIn(text);
    const hint = innerCode === undefined ? undefined : hintOn?.(innerCode);
    // A challenge tells callers nothing; what is wrong with their token is in the log.
    const said = status === 401 && code === '' ? tokenRefused(headers['x-ms-request-id']) : printable(message);
    super(`${who} answered ${status}${code === '' ? '' : ` ${code}`}: ${said}${hint === undefined ? '' : `. ${hint}`}`);
    this.status = status;
    this.code = code;
    this.innerCode = innerCode;
  }
}

export function clientOf({ who, origin, route, newToken, hintOn }: Service): AskingClient {
  let token: string | undefined;
  /** The token is for this host alone, whatever address an answer says to go on at. */
  const urlOf = (address: string): string => {
    if (address.startsWith('/')) return origin + address;
    const { protocol, hostname } = URL.parse(address) ?? {};
    if (protocol === 'https:' && hostname === new URL(origin).hostname) return address;
    throw new CommandError(`${who} sends on to ${printable(address).slice(0, 200)}, which is not at ${origin}`);
  };
  const sendOnce = async (
    method: Method,
    address: string,
    body: object | undefined,
    headers: Readonly<Record<string, string>>,
  ): Promise<Reply> => {
    token ??= await newToken();
    return exchange(route, {
      method,
      url: urlOf(address),
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  };
  const send: AskingClient['send'] = async (method, address, body, headers = {}) => {
    let reply = await sendOnce(method, address, body, headers);
    if (reply.status === 401) {
      // It ran out while a long command was at work. A second 401 is an answer.
      token = undefined;
      reply = await sendOnce(method, address, body, headers);
    }
    for (const comesAgain = patience(); await comesAgain(reply.status, reply.headers['retry-after']); )
      reply = await sendOnce(method, address, body, headers);
    if (reply.status < 200 || reply.status > 299) throw new AnswerError(who, reply, hintOn);
    return reply;
  };
  return {
    who,
    send,
    ask: async (method, path, body) => jsonOf(await send(method, path, body), who),
    async asker() {
      token ??= await newToken();
      const { oid } = claimsOf(token);
      if (isGuid(oid)) return oid.toLowerCase();
      throw new CommandError('the token does not say the object id of who asks');
    },
  };
}

/** @returns undefined of an empty answer @throws CommandError */
export function jsonOf({ text }: Reply, who: string): unknown {
  try {
    return text === '' ? undefined : (JSON.parse(text) as unknown);
  } catch (error) {
    throw new CommandError(`${who} answered something that is not JSON`, { cause: error });
  }
}

/** @param what it should be, as people say it: `no clock` @returns it, typed as far as it was read @throws CommandError */
export function readAnswer<T>(answer: unknown, who: string, what: string, read: Reader<T>): T {
  try {
    return read(answer, 'the answer');
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error;
    throw new CommandError(`${who} answered something that is no ${what}`, { cause: error });
  }
}

function tokenRefused(id: unknown): string {
  const look = ownCommand(`access explain ${isGuid(id) ? id : 'ID'}`);
  return `the token is not taken there (another issuer, audience or tenant, or it has ended); at the machine, '${look}' says why`;
}
