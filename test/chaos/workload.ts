// The load: clients that make, disable, delete and purge keys all at once and use them meanwhile, give and take rights that another
// uses, and use keys that nothing happens to, which must always be possible.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Caller, type Callers, type Told } from './callers.ts';
import type { Event, History, ObjectHistory } from './history.ts';
import type { Random } from './random.ts';

const ROLES = '/providers/Microsoft.Authorization';
const CRYPTO_USER = '21dbd100-6940-42c2-9190-5d6cb909625b';
const DIGEST = Buffer.alloc(32, 7).toString('base64url');
const SIGN = { alg: 'ES256', value: DIGEST };

/** Clients of one key, and keys at a time. */
const PER_OBJECT = 3;
const OBJECTS = { keys: 2, rights: 1 } as const;
const STEADY = 4;
/** Operations on one key before the next takes its place, and of those such as nobody knows the outcome of: each makes the search longer. */
const EVENTS = 60;
const UNKNOWN = 3;

export interface Load {
  /** Nobody asks for anything any more when it resolves. */
  stop(): Promise<void>;
}

/** Keys that nothing happens to, and a role that lets its holder sign. Nothing is wrong meanwhile. */
export async function prepareLoad(callers: Callers, random: Random): Promise<string> {
  using caller = new Caller(0, callers, 'admin', random.branch());
  const done = async (method: string, path: string, body?: unknown): Promise<void> => {
    const told = await caller.ask('prepare', method, path, body);
    assert.ok(told.kind === 'answered' && told.how === 'done', JSON.stringify(told));
  };
  await done('POST', '/keys/steady-ec/create', { kty: 'EC-HSM', crv: 'P-256' });
  await done('POST', '/keys/steady-aes/create', { kty: 'oct-HSM', key_size: 256 });
  await done('POST', '/keys/steady-rsa/create', { kty: 'RSA-HSM', key_size: 2048 });
  const role = randomUUID();
  const permissions = [{ dataActions: ['Microsoft.KeyVault/managedHsm/keys/sign/action'] }];
  const properties = { roleName: `Signer ${role}`, permissions, assignableScopes: ['/'], type: 'CustomRole' };
  await done('PUT', `${ROLES}/roleDefinitions/${role}`, { properties });
  return role;
}

export interface LoadOptions {
  /** Milliseconds between two requests of a client, at most. */
  readonly pause: number;
  /** That of `prepareLoad`. */
  readonly role: string;
}

export function startLoad(callers: Callers, random: Random, options: LoadOptions): Load {
  const stopping = new AbortController();
  let number = 1;
  const again = async (branch: Random, step: () => Promise<void>): Promise<void> => {
    while (!stopping.signal.aborted) {
      await step();
      await delay(branch.between(0, options.pause));
    }
  };
  const { history } = callers;
  const lanes: Promise<void>[] = [];
  const share = <T>(make: () => T & { readonly isOver: boolean }): (() => T) => {
    let current = make();
    return () => {
      if (current.isOver) current = make();
      return current;
    };
  };
  for (let at = 0; at < OBJECTS.keys; at++) {
    const current = share(() => new KeyLife(history));
    for (let client = 0; client < PER_OBJECT; client++) {
      const branch = random.branch();
      const caller = new Caller(number++, callers, 'admin', branch);
      lanes.push(again(branch, () => current().step(caller, branch)).finally(() => caller[Symbol.dispose]()));
    }
  }
  for (let at = 0; at < OBJECTS.rights; at++) {
    const current = share(() => new Rights(history, callers.consumer, options.role));
    for (let client = 0; client < PER_OBJECT; client++) {
      const branch = random.branch();
      const admin = new Caller(number++, callers, 'admin', branch);
      const consumer = new Caller(admin.number, callers, 'consumer', branch);
      const step = (): Promise<void> => current().step(admin, consumer, branch);
      lanes.push(
        again(branch, step).finally(() => {
          admin[Symbol.dispose]();
          consumer[Symbol.dispose]();
        }),
      );
    }
  }
  for (let at = 0; at < STEADY; at++) {
    const branch = random.branch();
    const caller = new Caller(number++, callers, 'admin', branch);
    lanes.push(again(branch, () => steadyStep(caller, history, branch)).finally(() => caller[Symbol.dispose]()));
  }
  const all = Promise.all(lanes);
  all.catch(() => undefined); // heard of at the end
  return {
    async stop() {
      stopping.abort();
      await all;
    },
  };
}

/** Reads all objects once more: what was acknowledged is there. */
export async function readAll(callers: Callers, random: Random): Promise<void> {
  const left = callers.history.objects[Symbol.iterator]();
  await Promise.all(
    Array.from({ length: 8 }, async (_, index) => {
      using caller = new Caller(1000 + index, callers, 'admin', random.branch());
      for (const history of left) {
        if (history.model === 'rights')
          for (const name of namesOf(history)) await look(caller, history, name, callers.history);
        else await Promise.resolve(readKey(caller, history, callers.history));
      }
    }),
  );
}

function namesOf({ events }: ObjectHistory): ReadonlySet<string> {
  return new Set(events.flatMap(({ name }) => name ?? []));
}

async function readKey(caller: Caller, object: ObjectHistory, history: History): Promise<void> {
  const life = new KeyLife(history, object);
  await life.do(caller, 'get');
  await life.do(caller, 'versions');
}

const KEY_STEPS = {
  create: 2,
  disable: 3,
  enable: 4,
  delete: 1.5,
  recover: 3,
  purge: 0.7,
  get: 4,
  sign: 6,
  versions: 1,
} as const;
type KeyStep = keyof typeof KEY_STEPS;
const READS: readonly KeyStep[] = ['get', 'sign', 'versions'];

class KeyLife {
  readonly #all: History;
  readonly #object: ObjectHistory;
  #unknown = 0;

  constructor(history: History, object: ObjectHistory = history.begin(`/keys/life-${randomUUID()}`, 'key')) {
    this.#all = history;
    this.#object = object;
  }

  get isOver(): boolean {
    return this.#unknown >= UNKNOWN || this.#object.events.length >= EVENTS;
  }

  step(caller: Caller, random: Random): Promise<void> {
    return this.do(caller, this.#object.events.length === 0 ? 'create' : random.oneOf(KEY_STEPS));
  }

  async do(caller: Caller, step: KeyStep): Promise<void> {
    const path = this.#object.object;
    const bin = path.replace('/keys/', '/deletedkeys/');
    const [method, at, body] = {
      create: ['POST', `${path}/create`, { kty: 'EC-HSM', crv: 'P-256' }],
      disable: ['PATCH', path, { attributes: { enabled: false } }],
      enable: ['PATCH', path, { attributes: { enabled: true } }],
      delete: ['DELETE', path],
      recover: ['POST', `${bin}/recover`],
      purge: ['DELETE', bin],
      get: ['GET', path],
      sign: ['POST', `${path}/sign`, SIGN],
      versions: ['GET', `${path}/versions`],
    }[step] as [string, string, object?];
    const isUpdate = step === 'disable' || step === 'enable';
    const event: Event = {
      client: caller.number,
      call: this.#all.now(),
      do: isUpdate ? 'update' : step,
      ...(isUpdate ? { enabled: step === 'enable' } : {}),
    };
    const isRead = READS.includes(step);
    if (!isRead) this.#object.events.push(event);
    const told = await caller.ask(`${step} ${path}`, method, at, body);
    if (!settle(this.#all, this.#object, event, told, isRead)) {
      if (!isRead) this.#unknown += 1;
      return;
    }
    if (told.kind !== 'answered' || told.how !== 'done') return;
    const json = told.answered.json as {
      key?: { kid: string };
      kid?: string;
      attributes?: { enabled: boolean };
      value?: { kid: string }[];
    };
    if (step === 'versions') {
      event.all = json.value?.map(({ kid }) => versionOf(kid)) ?? [];
      // There are none of a key that is not there, and that is answered as an empty list.
      if (event.all.length === 0) event.answer = 'not found';
    } else if (step === 'get' || step === 'create' || step === 'sign' || isUpdate) {
      event.version = versionOf(json.key?.kid ?? json.kid ?? '');
      if (step === 'get') event.enabled = json.attributes?.enabled === true;
    }
  }
}

const versionOf = (kid: string): string => kid.slice(-32);

const RIGHTS_STEPS = { assign: 4, revoke: 3, look: 2, use: 10 } as const;

class Rights {
  readonly #all: History;
  readonly #object: ObjectHistory;
  readonly #consumer: string;
  /** A role can be given to somebody once at a scope. */
  readonly #roles: ReadonlyMap<string, string>;
  #made: Promise<void> | undefined;
  #unknown = 0;
  isOver = false;

  constructor(history: History, consumer: string, role: string) {
    this.#all = history;
    this.#consumer = consumer;
    this.#object = history.begin(`/keys/rights-${randomUUID()}`, 'rights');
    this.#roles = new Map([CRYPTO_USER, role].map((each) => [randomUUID(), each]));
  }

  async step(admin: Caller, consumer: Caller, random: Random): Promise<void> {
    this.#made ??= this.#make(admin);
    await this.#made;
    if (this.isOver) return;
    const step = random.oneOf(RIGHTS_STEPS);
    const name = random.one([...this.#roles.keys()]);
    const path = this.#object.object;
    if (step === 'look') return look(admin, this.#object, name, this.#all);
    const event: Event = { client: admin.number, call: this.#all.now(), do: step, ...(step === 'use' ? {} : { name }) };
    if (step === 'use') {
      const told = await consumer.ask(`use ${path}`, 'POST', `${path}/sign`, SIGN);
      settle(this.#all, this.#object, event, told, true);
      return;
    }
    this.#object.events.push(event);
    const roleDefinitionId = `Microsoft.KeyVault${ROLES}/roleDefinitions/${this.#roles.get(name)}`;
    const body = { properties: { roleDefinitionId, principalId: this.#consumer } };
    const at = `${path}${ROLES}/roleAssignments/${name}`;
    const told =
      step === 'assign'
        ? await admin.ask(`assign ${at}`, 'PUT', at, body)
        : await admin.ask(`revoke ${at}`, 'DELETE', at);
    if (!settle(this.#all, this.#object, event, told, false)) this.#unknown += 1;
    this.isOver = this.#unknown >= UNKNOWN || this.#object.events.length >= EVENTS;
  }

  /** Its key is there before anything is asked of it, else the next takes its place. */
  async #make(admin: Caller): Promise<void> {
    const path = this.#object.object;
    const told = await admin.ask(`create ${path}`, 'POST', `${path}/create`, { kty: 'EC-HSM', crv: 'P-256' });
    this.isOver = told.kind === 'lost' || told.how !== 'done';
  }
}

async function look(caller: Caller, object: ObjectHistory, name: string, history: History): Promise<void> {
  const event: Event = { client: caller.number, call: history.now(), do: 'look', name };
  const at = `${object.object}${ROLES}/roleAssignments/${name}`;
  settle(history, object, event, await caller.ask(`look ${at}`, 'GET', at), true);
}

/** @returns whether it is known what was done; reads of which it is not are not kept, nor is what was refused before anything could be done */
function settle(history: History, object: ObjectHistory, event: Event, told: Told, isRead: boolean): boolean {
  if (told.kind === 'lost') {
    history.unanswered += 1;
    return false;
  }
  if (told.how === 'nothing done') {
    history.refusals += 1;
    const at = object.events.indexOf(event);
    if (at !== -1) object.events.splice(at, 1);
    return true;
  }
  event.return = history.now();
  event.answer = told.how;
  if (isRead) {
    object.events.push(event);
    history.operations += 1;
  } else if (told.how === 'done') history.changes += 1;
  else history.refusals += 1;
  return true;
}

const STEADY_STEPS = { sign: 6, wrap: 2, encrypt: 4, get: 3, list: 1, random: 1 } as const;

async function steadyStep(caller: Caller, history: History, random: Random): Promise<void> {
  const step = random.oneOf(STEADY_STEPS);
  const [method, path, body] = {
    sign: ['POST', '/keys/steady-ec/sign', SIGN],
    wrap: ['POST', '/keys/steady-rsa/wrapkey', { alg: 'RSA-OAEP-256', value: DIGEST }],
    encrypt: ['POST', '/keys/steady-aes/encrypt', { alg: 'A256GCM', value: DIGEST }],
    get: ['GET', '/keys/steady-ec'],
    list: ['GET', '/keys?maxresults=5'],
    random: ['POST', '/rng', { count: 16 }],
  }[step] as [string, string, object?];
  const call = history.now();
  const told = await caller.ask(`steady ${step}`, method, path, body);
  if (told.kind === 'answered' && told.how === 'done') {
    history.operations += 1;
    return;
  }
  const text = told.kind === 'lost' ? told.text : told.answered.text;
  const how = told.kind === 'lost' ? told.how : String(told.answered.status);
  history.failures.push({ what: `steady ${step}`, call, end: history.now(), how, text });
}
