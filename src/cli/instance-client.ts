// How commands speak to an instance: over its public API, either the one of a running data directory (in the dev
// profile as its administrator) or the one at an address (as whoever the environment names).

import { readDevClients } from '../deployment/dev-clients.ts';
import { azureNames } from '../deployment/name-forms.ts';
import { ownCommand } from '../formats/own-command.ts';
import { printable } from '../formats/printable.ts';
import { isGuid } from '../formats/shape.ts';
import { instanceOrigin } from '../http/name-form.ts';
import { CommandError, dataOption, jsonOption, type OptionValues, UsageError } from './command.ts';
import { authoritiesWith, exchange, type Reply, type Route } from './https-exchange.ts';
import { thereIsNo } from './instance-folder.ts';
import {
  devAdministratorToken,
  devUserToken,
  environmentToken,
  findDevUser,
  namesIdentity,
  signedInToken,
} from './instance-token.ts';
import { dataRootOf, requireRunning } from './running.ts';
import { messageHere } from './same-place.ts';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

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
  /** Their object id, as the token says it. @throws CommandError */
  asker(): Promise<string>;
}

/** Where duties are separated much of it is for a person to ask. */
export const asOption = {
  'as WHO':
    'az: whoever az is signed in as · alice, bob: people of the development directory (default: its administrator; with --url $AZURE_…)',
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

/** What would help here, that the service cannot know. */
type HintOn = (innerCode: string) => string | undefined;

/** The service refused. */
export class AnswerError extends CommandError {
  readonly status: number;
  readonly code: string;
  readonly innerCode: string | undefined;

  constructor(who: string, { status, headers, text }: Reply, hintOn?: HintOn) {
    const { code, innerCode, message } = refusalOf(status, text, headers['x-ms-request-id']);
    const hint = innerCode === undefined ? undefined : hintOn?.(innerCode);
    const more = hint === undefined ? '' : `. ${hint}`;
    super(`${who} answered ${status}${code === '' ? '' : ` ${code}`}: ${printable(message)}${more}`);
    this.status = status;
    this.code = code;
    this.innerCode = innerCode;
  }
}

/** @throws CommandError when there is no such instance, or nothing runs; UsageError for options that exclude each other */
export function openInstanceClient({ 'hsm-name': instance, data, url, ca, as }: NamedInstance): AskingClient {
  if (url === undefined) {
    if (ca !== undefined) throw new UsageError('--ca goes with --url');
    return developmentClient(data, instance, as);
  }
  if (data !== undefined) throw new UsageError('--url and --data exclude each other');
  if (!URL.canParse(url) || new URL(url).protocol !== 'https:') throw new UsageError('--url must be https://HOST');
  const { origin, host } = new URL(url);
  rejectPerson(as);
  const route: Route = { ca: ca === undefined ? undefined : authoritiesWith(ca) };
  return clientOf(host, origin, route, () => ownToken(origin, route, as));
}

function developmentClient(data: string | undefined, wanted: string, as: string | undefined): AskingClient {
  const root = dataRootOf(data);
  const state = requireRunning(root);
  const names = Object.keys(state.instances);
  const name = names.find((each) => each.toLowerCase() === wanted.toLowerCase());
  if (name === undefined) throw thereIsNo(wanted, names);
  const { activation, message = '' } = state.instances[name] ?? {};
  if (activation === 'Stopped') throw new CommandError(`'${name}' does not run. ${messageHere(message, name, data)}`);
  const [origin] = state.origins[name] ?? [];
  if (state.profile === 'production' && origin !== undefined) {
    // Nobody's secrets are in the data directory: whoever the environment names asks, at the name that everybody uses.
    rejectPerson(as);
    const own: Route = { ca: authoritiesWith(state.ca) };
    return clientOf(`instance '${name}'`, origin, own, () => ownToken(origin, own, as));
  }
  // Names go to the loopback port, whatever they resolve to.
  const route: Route = { ca: authoritiesWith(state.ca), port: state.port };
  const azure = instanceOrigin(azureNames(), name);
  // A wrong name is found before anything is begun, also by commands that ask late or never.
  if (as !== undefined && as !== SIGNED_IN) findDevUser(root, as);
  const newToken = (): Promise<string> => {
    if (as === undefined) return devAdministratorToken(root, route);
    return as === SIGNED_IN ? signedInToken(azure, route) : devUserToken(root, route, as);
  };
  return clientOf(`instance '${name}'`, azure, route, newToken, (innerCode) => {
    if (innerCode !== 'PersonRequired') return undefined;
    const people = Object.keys(readDevClients(root).users).map((each) => `--as ${each}`);
    return `People of this development directory ask with ${people.join(' or ')}`;
  });
}

/** Nobody's secrets are ours: the environment says who asks, and where it says nothing `az` does. */
async function ownToken(origin: string, route: Route, as: string | undefined): Promise<string> {
  const isSignedIn = as === SIGNED_IN || !namesIdentity(process.env);
  return isSignedIn ? signedInToken(origin, route) : environmentToken(origin, route);
}

/** @throws UsageError */
function rejectPerson(as: string | undefined): void {
  if (as === undefined || as === SIGNED_IN) return;
  throw new UsageError(`people of a development directory are there alone; --as can be ${SIGNED_IN} here`);
}

/** A client for an instance that was found in another way. */
export function clientOver({
  who,
  origin,
  route,
  newToken,
}: {
  readonly who: string;
  readonly origin: string;
  readonly route: Route;
  readonly newToken: () => Promise<string>;
}): InstanceClient {
  return clientOf(who, origin, route, newToken);
}

function clientOf(
  who: string,
  origin: string,
  route: Route,
  newToken: () => Promise<string>,
  hintOn?: HintOn,
): AskingClient {
  let token: string | undefined;
  const send = async (method: Method, path: string, body: object | undefined): Promise<Reply> => {
    token ??= await newToken();
    return exchange(route, {
      method,
      url: origin + path,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  };
  return {
    who,
    async asker() {
      token ??= await newToken();
      return askerOf(token);
    },
    async ask(method, path, body) {
      let reply = await send(method, path, body);
      if (reply.status === 401) {
        // It ran out while a long command was at work. A second 401 is an answer.
        token = undefined;
        reply = await send(method, path, body);
      }
      if (reply.status < 200 || reply.status > 299) throw new AnswerError(who, reply, hintOn);
      if (reply.text === '') return undefined;
      try {
        return JSON.parse(reply.text) as unknown;
      } catch (error) {
        throw new CommandError(`${who} answered something that is not JSON`, { cause: error });
      }
    },
  };
}

/** Whether the token is good is for the instance to say. @throws CommandError */
function askerOf(token: string): string {
  const [, claims = ''] = token.split('.');
  try {
    const { oid } = JSON.parse(Buffer.from(claims, 'base64url').toString('utf8')) as { readonly oid?: unknown };
    if (isGuid(oid)) return oid.toLowerCase();
  } catch {
    // Not a JWT.
  }
  throw new CommandError('the token does not say the object id of who asks');
}

interface ErrorBody {
  readonly code?: unknown;
  readonly message?: unknown;
  readonly innererror?: { readonly code?: unknown } | null;
}

interface Refusal {
  readonly code: string;
  readonly innerCode?: string;
  readonly message: string;
}

function refusalOf(status: number, text: string, id: unknown): Refusal {
  const said = refusalIn(text);
  if (status !== 401 || said.code !== '') return said;
  // A challenge tells callers nothing; what is wrong with their token is in the log.
  const look = ownCommand(`access explain ${isGuid(id) ? id : 'ID'}`);
  return {
    code: '',
    message: `the token is not taken there (another issuer, audience or tenant, or it has ended); at the machine, '${look}' says why`,
  };
}

function refusalIn(text: string): Refusal {
  try {
    const { error } = JSON.parse(text) as { readonly error?: ErrorBody };
    if (typeof error?.code === 'string' && typeof error.message === 'string') {
      const { code, message, innererror: inner } = error;
      return { code, message, ...(typeof inner?.code === 'string' ? { innerCode: inner.code } : {}) };
    }
  } catch {
    // A gateway in between, for instance: what it said is shown as it is.
  }
  return { code: '', message: text.slice(0, 4000) };
}
