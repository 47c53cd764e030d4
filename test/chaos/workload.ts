// The load: clients that make, disable, delete and purge keys all at once and use them meanwhile, give and take rights that another
// uses, and use keys that nothing happens to, which must always be possible.
import assert from 'node:assert/strict';
import { createHash, createPublicKey, type KeyObject, randomBytes, randomUUID, verify } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { inspect } from 'node:util';
import type { Answered } from '../support/instance-client.ts';
import { Caller, type Callers, type Told } from './callers.ts';
import type { Event, History, ObjectHistory } from './history.ts';
import type { Random } from './random.ts';

const ROLES = '/providers/Microsoft.Authorization';
const CRYPTO_USER = '21dbd100-6940-42c2-9190-5d6cb909625b';

/** What is signed, and its signature looked at: each is another, so that an answer to somebody else's request is noticed. */
function messageToSign() {
  const message = randomBytes(32);
  return { message, body: { alg: 'ES256', value: createHash('sha256').update(message).digest('base64url') } };
}

function isSignature(message: Buffer, key: KeyObject, { value }: Readonly<Record<string, unknown>>): boolean {
  return verify('sha256', message, { key, dsaEncoding: 'ieee-p1363' }, Buffer.from(String(value), 'base64url'));
}

function publicKeyOf(json: Readonly<Record<string, unknown>>): KeyObject {
  const { x, y } = json['key'] as { readonly x: string; readonly y: string };
  return createPublicKey({ key: { kty: 'EC', crv: 'P-256', x, y }, format: 'jwk' });
}

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

export interface Prepared {
  /** A role that lets its holder sign. */
  readonly role: string;
  /** Of the key that signs and that nothing happens to. */
  readonly publicKey: KeyObject;
}

/** Keys that nothing happens to, and a role. Nothing is wrong meanwhile. */
export async function prepareLoad(callers: Callers, random: Random): Promise<Prepared> {
  using caller = new Caller(0, callers, 'admin', random.branch());
  const done = async (method: string, path: string, body?: unknown): Promise<Answered['json']> => {
    const told = await caller.ask('prepare', method, path, body);
    assert.ok(told.kind === 'answered' && told.how === 'done', JSON.stringify(told));
    return told.answered.json;
  };
  const made = await done('POST', '/keys/steady-ec/create', { kty: 'EC-HSM', crv: 'P-256' });
  await done('POST', '/keys/steady-aes/create', { kty: 'oct-HSM', key_size: 256 });
  await done('POST', '/keys/steady-rsa/create', { kty: 'RSA-HSM', key_size: 2048 });
  const role = randomUUID();
  const permissions = [{ dataActions: ['Microsoft.KeyVault/managedHsm/keys/sign/action'] }];
  const properties = { roleName: `Signer ${role}`, permissions, assignableScopes: ['/'], type: 'CustomRole' };
  await done('PUT', `${ROLES}/roleDefinitions/${role}`, { properties });
  return { role, publicKey: publicKeyOf(made) };
}

export interface LoadOptions {
  /** Milliseconds between two requests of a client, at most. */
  readonly pause: number;
  readonly prepared: Prepared;
}

export function startLoad(callers: Callers, random: Random, options: LoadOptions): Load {
  const stopping = new AbortController();
  let number = 1;
  const again = async (branch: Random, step: () => Promise<void>): Promise<void> => {
    while (!stopping.signal.aborted) {
      await step().catch((error: unknown) => history.broken.push(inspect(error)));
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
    const current = share(() => new Rights(history, callers.consumer, options.prepared.role));
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
    lanes.push(
      again(branch, () => steadyStep(caller, history, branch, options.prepared)).finally(() =>
        caller[Symbol.dispose](),
      ),
    );
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

/** Reads all objects once more: what was acknowledged is there, and what was deleted can be recovered. */
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
  if (object.events.at(-1)?.answer === 'not found') {
    await life.do(caller, 'recover');
    await life.do(caller, 'get');
  }
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
  /** By version, as they were told first. */
  readonly #publicKeys = new Map<string, KeyObject>();
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
    const signed = messageToSign();
    const [method, at, body] = {
      create: ['POST', `${path}/create`, { kty: 'EC-HSM', crv: 'P-256' }],
      disable: ['PATCH', path, { attributes: { enabled: false } }],
      enable: ['PATCH', path, { attributes: { enabled: true } }],
      delete: ['DELETE', path],
      recover: ['POST', `${bin}/recover`],
      purge: ['DELETE', bin],
      get: ['GET', path],
      sign: ['POST', `${path}/sign`, signed.body],
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
      this.#look(event.version, step === 'sign' ? signed.message : undefined, told.answered.json);
      if (step === 'get') event.enabled = json.attributes?.enabled === true;
    }
  }

  /** A version has one public key, and signatures are its own. @param signed undefined: the key itself was told */
  #look(version: string, signed: Buffer | undefined, json: Answered['json']): void {
    const known = this.#publicKeys.get(version);
    const path = `${this.#object.object}/${version}`;
    if (signed !== undefined) {
      if (known !== undefined && !isSignature(signed, known, json)) this.#all.wrong.push(`no signature of ${path}`);
      return;
    }
    const key = publicKeyOf(json);
    if (known === undefined) this.#publicKeys.set(version, key);
    else if (!known.equals(key)) this.#all.wrong.push(`another key under the name of ${path}`);
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
      const told = await consumer.ask(`use ${path}`, 'POST', `${path}/sign`, messageToSign().body);
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
    if (isRead) fail(history, `${event.do} ${object.object}`, event.call, told);
    return false;
  }
  if (told.how === 'nothing done') {
    history.refusals += 1;
    // Whoever holds a valid token is refused so by no other change.
    if (told.answered.status !== 409) fail(history, `${event.do} ${object.object}`, event.call, told);
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

/** Operations with keys that nothing happens to: each is answered, and the answer is right. */
async function steadyStep(caller: Caller, history: History, random: Random, prepared: Prepared): Promise<void> {
  const step = random.oneOf(STEADY_STEPS);
  const ask = async (
    what: string,
    method: string,
    path: string,
    body?: object,
  ): Promise<Answered['json'] | undefined> => {
    const call = history.now();
    const told = await caller.ask(`steady ${what}`, method, path, body);
    if (told.kind === 'answered' && told.how === 'done') {
      history.operations += 1;
      history.served();
      return told.answered.json;
    }
    fail(history, `steady ${what}`, call, told);
    return undefined;
  };
  const expect = (isRight: boolean, json: object): void => {
    if (!isRight) history.wrong.push(`steady ${step}: ${JSON.stringify(json)}`);
  };
  const secret = randomBytes(32).toString('base64url');
  switch (step) {
    case 'sign': {
      const { message, body } = messageToSign();
      const json = await ask(step, 'POST', '/keys/steady-ec/sign', body);
      return json && expect(isSignature(message, prepared.publicKey, json), json);
    }
    case 'wrap': {
      const wrapped = await ask(step, 'POST', '/keys/steady-rsa/wrapkey', { alg: 'RSA-OAEP-256', value: secret });
      if (wrapped === undefined) return;
      const back = { alg: 'RSA-OAEP-256', value: wrapped['value'] };
      const json = await ask('unwrap', 'POST', '/keys/steady-rsa/unwrapkey', back);
      return json && expect(json['value'] === secret, json);
    }
    case 'encrypt': {
      const sealed = await ask(step, 'POST', '/keys/steady-aes/encrypt', { alg: 'A256GCM', value: secret });
      if (sealed === undefined) return;
      const { value, iv, tag } = sealed;
      const json = await ask('decrypt', 'POST', '/keys/steady-aes/decrypt', { alg: 'A256GCM', value, iv, tag });
      return json && expect(json['value'] === secret, json);
    }
    case 'get': {
      const json = await ask(step, 'GET', '/keys/steady-ec');
      return json && expect(publicKeyOf(json).equals(prepared.publicKey), json);
    }
    case 'list': {
      const json = await ask(step, 'GET', '/keys?maxresults=5');
      return json && expect(Array.isArray(json['value']) && json['value'].length <= 5, json);
    }
    case 'random': {
      const json = await ask(step, 'POST', '/rng', { count: 16 });
      return json && expect(Buffer.from(String(json['value']), 'base64url').length === 16, json);
    }
  }
}

function fail(history: History, what: string, call: number, told: Told): void {
  const text = told.kind === 'lost' ? told.text : told.answered.text;
  const how = told.kind === 'lost' ? told.how : String(told.answered.status);
  history.failures.push({ what, call, end: history.now(), how, text });
}
