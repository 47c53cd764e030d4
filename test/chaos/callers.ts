// Who asks: connections to a product that comes and goes, and tokens that are renewed. Every answer is noted with its id.
import { setTimeout as delay } from 'node:timers/promises';
import { readDevClients } from '../../src/deployment/dev-clients.ts';
import { type Answered, dataPlaneToken, type InstanceClient, instanceClient } from '../support/instance-client.ts';
import type { RunningProduct } from '../support/running-product.ts';
import { awake } from './awake.ts';
import type { History } from './history.ts';
import type { Random } from './random.ts';

export type Who = 'admin' | 'consumer';

/** What became of a request. `lost`: there is no answer, or one that says nothing of what was done. */
export type Told =
  | { readonly kind: 'answered'; readonly answered: Answered; readonly how: string }
  | { readonly kind: 'lost'; readonly how: string; readonly text: string };

/** Longer than whatever the product waits for. */
const PATIENCE_MS = 150_000;
const REFUSED_MS = 100;
/** A token lives for an hour; jumps of the clock take minutes of it. */
const RENEWED_AFTER_MS = 10 * 60_000;

/** The product's own. */
const CLOCK_SKEW = 60;

interface Token {
  readonly token: string;
  readonly since: number;
  readonly nbf: number;
  readonly exp: number;
}

/** Those of one run: tokens, and the product as it is now. */
export class Callers {
  readonly history: History;
  /** Object id of who has no right but those that are given under load. */
  readonly consumer: string;
  readonly #secrets: Readonly<Record<Who, Readonly<Record<string, string>>>>;
  readonly #tokens = new Map<Who, Token>();
  #product: RunningProduct;
  /** Grows with every product: connections to the one before are of no use. */
  era = 0;

  constructor(product: RunningProduct, history: History) {
    const { admin, consumer } = readDevClients(product.data).applications;
    this.#product = product;
    this.history = history;
    this.consumer = consumer.oid;
    this.#secrets = { admin: secretOf(admin), consumer: secretOf(consumer) };
  }

  get product(): RunningProduct {
    return this.#product;
  }

  /** A product that was started again, on the same data. */
  moveTo(product: RunningProduct): void {
    this.#product = product;
    this.era += 1;
  }

  async renewTokens(): Promise<void> {
    for (const who of ['admin', 'consumer'] as const) {
      const known = this.#tokens.get(who);
      if (known !== undefined && performance.now() - known.since < RENEWED_AFTER_MS) continue;
      const token = await dataPlaneToken(this.#product, this.#secrets[who]);
      this.#tokens.set(who, { token, since: performance.now(), ...timesOf(token) });
      this.era += 1;
    }
  }

  /** By our clock, which nothing moves: whether a refusal of this caller is the product's doing. */
  hasValidToken(who: Who): boolean {
    const { nbf, exp } = this.#tokens.get(who) ?? { nbf: 0, exp: 0 };
    const now = Date.now() / 1000;
    return nbf - CLOCK_SKEW <= now && now < exp;
  }

  connect(who: Who): InstanceClient {
    return instanceClient(this.#product, this.#tokens.get(who)?.token ?? '');
  }
}

/** One client: one request at a time, over one of two connections, which are made anew now and then. */
export class Caller implements Disposable {
  readonly number: number;
  readonly #callers: Callers;
  readonly #who: Who;
  readonly #random: Random;
  readonly #connections: [InstanceClient | undefined, InstanceClient | undefined] = [undefined, undefined];
  #era = -1;

  constructor(number: number, callers: Callers, who: Who, random: Random) {
    this.number = number;
    this.#callers = callers;
    this.#who = who;
    this.#random = random;
  }

  async ask(what: string, method: string, path: string, body?: unknown): Promise<Told> {
    const { history } = this.#callers;
    const begun = performance.now();
    try {
      const answered = await inTime(this.#connection().ask(method, path, body));
      history.count(String(answered.status));
      const { status } = answered;
      if ((status === 401 || status === 429) && !this.#callers.hasValidToken(this.#who))
        history.broken.push(`${what}: ${status}, and the harness had no valid token of ${this.#who}`);
      history.slowest = Math.max(history.slowest, performance.now() - begun);
      const how = nameOf(answered);
      // What could not be recorded is answered with 503; what is throttled may stand in another's entry.
      if (status !== 503 && status !== 429) history.answered.set(answered.requestId, { what, status });
      if (status >= 500 && status !== 503) history.wrong.push(`${what}: ${status} ${answered.text}`);
      if (status === 503) return { kind: 'lost', how: '503', text: answered.text };
      return { kind: 'answered', answered, how };
    } catch (error) {
      const text =
        error instanceof Error ? `${error.message} ${(error as NodeJS.ErrnoException).code ?? ''}` : String(error);
      // A start under way has no instance yet; one that has none when nothing was made to fail is not excused.
      const isAway = /ECONNREFUSED|there is no instance/.test(text);
      const isCut = isAway || /ECONN|EPIPE|socket|cut|aborted|disconnected/i.test(text);
      if (!isCut) history.wrong.push(`${what}: ${text}`);
      // Nobody is there, and so nothing is done: no use in asking a thousand times.
      if (isAway) await delay(REFUSED_MS);
      this.#close();
      history.count(isCut ? 'cut' : 'nothing');
      return { kind: 'lost', how: isCut ? 'cut' : 'nothing', text };
    }
  }

  [Symbol.dispose](): void {
    this.#close();
  }

  #connection(): InstanceClient {
    if (this.#era !== this.#callers.era || this.#random.chance(1 / 64)) this.#close();
    this.#era = this.#callers.era;
    const at = this.#random.below(2) as 0 | 1;
    this.#connections[at] ??= this.#callers.connect(this.#who);
    return this.#connections[at];
  }

  #close(): void {
    for (const at of [0, 1] as const) {
      this.#connections[at]?.[Symbol.dispose]();
      this.#connections[at] = undefined;
    }
  }
}

function timesOf(token: string): { readonly nbf: number; readonly exp: number } {
  const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8')) as Partial<Token>;
  return { nbf: Number(claims.nbf), exp: Number(claims.exp) };
}

function secretOf({ appId, secret }: { readonly appId: string; readonly secret: string }): Record<string, string> {
  return { AZURE_CLIENT_ID: appId, AZURE_CLIENT_SECRET: secret };
}

/** What the models call an answer. `nothing done`: refused before anything could come of it. */
function nameOf({ status, text }: Answered): string {
  if (status < 300) return 'done';
  if (status === 404) return 'not found';
  if (status === 403) return text.includes('KeyDisabled') ? 'disabled' : 'denied';
  if (text.includes('RoleAssignmentExists')) return 'conflict';
  if (status === 409) return text.includes('Other changes came first') ? 'nothing done' : 'conflict';
  if (status === 401 || status === 429) return 'nothing done';
  return String(status);
}

async function inTime<T>(answer: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const end = awake() + PATIENCE_MS;
  let timer: NodeJS.Timeout;
  const look = (): void => {
    const left = end - awake();
    if (left <= 0) late.reject(new Error(`no answer within ${PATIENCE_MS / 1000} s`));
    else timer = setTimeout(look, left);
  };
  timer = setTimeout(look, PATIENCE_MS);
  try {
    return await Promise.race([answer, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
