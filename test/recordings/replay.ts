// Sends the exchanges of a scenario in order and holds each answer against the recorded one.
import { setTimeout as delay } from 'node:timers/promises';
import { type Clock, compare, type Difference } from './compare.ts';
import type { Exchange, Json, Scenario } from './exchanges.ts';
import type { Answered, Place } from './places.ts';
import { Unbound, Variables } from './variables.ts';

export interface Replayed {
  readonly exchange: Exchange;
  readonly outcome: 'same' | 'differs' | 'left out';
  readonly differences: readonly Difference[];
}

/** What is begun here ends within it, on a machine that is slow and does other things. */
const POLL_FOR_MS = 120_000;
const UNFINISHED = new Set(
  // The last: the resource manager hears of an activation a moment after the caller.
  ['InProgress', 'Provisioning', 'Updating', 'Deleting', 'Recovering', 'Purging', 'Pending', 'NotActivated'],
);

export async function replay(
  { exchanges }: Scenario,
  place: Place,
  leftOut: (exchange: Exchange) => boolean,
): Promise<readonly Replayed[]> {
  const variables = new Variables(await place.enter());
  const replayed: Replayed[] = [];
  for (const exchange of exchanges) {
    if (leftOut(exchange)) {
      replayed.push({ exchange, outcome: 'left out', differences: [] });
      continue;
    }
    const differences = await ask(exchange, place, variables);
    replayed.push({ exchange, outcome: differences.length === 0 ? 'same' : 'differs', differences });
  }
  return replayed;
}

async function ask(exchange: Exchange, place: Place, variables: Variables): Promise<readonly Difference[]> {
  let url: string;
  let body: Json;
  try {
    url = variables.fill(urlOf(exchange));
    body = variables.fill(withSas(exchange.body, exchange.scenario, place));
  } catch (error) {
    if (!(error instanceof Unbound)) throw error;
    return [{ where: `request needs ${error.message}`, how: 'missing' }];
  }
  const until = Date.now() + POLL_FOR_MS;
  for (;;) {
    const answered = await place.send(exchange.method, url, exchange.auth, body);
    const trial = new Variables(variables);
    const differences = compareAnswer(exchange, answered, trial);
    const again = exchange.method === 'GET' && differences.length > 0 && isUnfinished(answered, exchange.answer);
    if (!again || Date.now() > until) {
      variables.adopt(trial);
      return differences;
    }
    await delay(20);
  }
}

function urlOf({ to, path, query }: Exchange): string {
  if (/^\{(operation|next)\d*\}$/.test(path)) return path;
  const host = to === 'hsm' || to === 'arm' ? `{${to}}` : `{${to}}.managedhsm.azure.net`;
  return `https://${host}${path}${query === '' ? '' : `?${query}`}`;
}

/** The token of a container was taken out of a body. */
function withSas(value: Json, scenario: string, place: Place): Json {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return value;
  const members = value as Readonly<Record<string, Json>>;
  if (members['why'] === 'SAS') return place.sas(scenario);
  return Object.fromEntries(Object.entries(members).map(([name, entry]) => [name, withSas(entry, scenario, place)]));
}

/** A recording that does not show one of these shows that it was not sent; of others, some recorders kept less. */
const NEVER_MORE = ['content-type', 'www-authenticate'];

export function compareAnswer(exchange: Exchange, answered: Answered, variables: Variables): readonly Difference[] {
  const clock: Clock = exchange.to === 'arm' ? 'dates' : 'seconds';
  const status: Difference[] =
    answered.status === exchange.status
      ? []
      : [{ where: 'status', how: 'value', recorded: exchange.status, answered: answered.status }];
  const headers = Object.entries(exchange.headers).flatMap(([name, recorded]): Difference[] => {
    const value = answered.headers[name];
    if (value === undefined) return [{ where: `header ${name}`, how: 'missing', recorded }];
    const differences = compare(`header ${name}`, recorded, value, variables, clock);
    // The recording shows an operation by the end of its address; the variable is the whole of it.
    for (const [, operation] of typeof recorded === 'string' ? recorded.matchAll(/\{(operation\d*)\}/g) : [])
      variables.bind(String(operation), value);
    return differences;
  });
  const more = NEVER_MORE.filter((name) => answered.headers[name] !== undefined && !(name in exchange.headers));
  return [
    ...status,
    ...headers,
    ...more.map(
      (name): Difference => ({ where: `header ${name}`, how: 'extra', answered: answered.headers[name] ?? null }),
    ),
    ...compareBody(exchange.answer, answered.text, variables, clock),
  ];
}

function compareBody(recorded: Json, text: string, variables: Variables, clock: Clock): Difference[] {
  if (recorded === null) return text === '' ? [] : [{ where: 'answer', how: 'extra', answered: text }];
  if (text === '') return [{ where: 'answer', how: 'missing', recorded }];
  return compare('answer', recorded, parse(text), variables, clock);
}

/** A challenge answers two bytes of text. */
function parse(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
}

/** Something in it is still going on that was over when it was recorded. */
function isUnfinished({ status, text }: Answered, recorded: Json): boolean {
  if (status === 202) return true;
  const before = statesIn(recorded);
  return statesIn(parse(text)).some((state) => UNFINISHED.has(state) && !before.includes(state));
}

function statesIn(value: Json): readonly string[] {
  if (value === null || typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([name, entry]) => {
    const isState = ['status', 'provisioningState', 'activationStatus'].includes(name);
    return isState && typeof entry === 'string' ? [entry] : statesIn(entry as Json);
  });
}
