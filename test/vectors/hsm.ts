// An instance as the vectors see it: keys go in through the API, each once, and are used through the API.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type Reply, type RunningInstance, startRunningInstance } from '../support/running-instance.ts';
import type { Jwk } from './wycheproof.ts';

/** The newest: it knows every algorithm. */
const API_VERSION = '2026-07-01-preview';

export class Hsm implements AsyncDisposable {
  readonly #instance: RunningInstance;
  readonly #token: string;
  readonly #imported = new Map<string, Promise<Reply>>();
  #names = 0;

  private constructor(instance: RunningInstance, token: string) {
    this.#instance = instance;
    this.#token = token;
  }

  static async start(): Promise<Hsm> {
    const instance = await startRunningInstance({ partitions: 2 });
    await instance.activate();
    const user = randomUUID();
    await instance.assign('Managed HSM Crypto User', user);
    return new Hsm(instance, await instance.issuer.token(user));
  }

  /** What the API says to the import of a private key; the same key is imported once. */
  import(jwk: Jwk): Promise<Reply> {
    const wanted = Object.fromEntries(Object.entries(jwk).filter(([member]) => !JOSE_MEMBERS.includes(member)));
    const id = JSON.stringify(wanted);
    let reply = this.#imported.get(id);
    if (reply === undefined) {
      reply = this.#ask('PUT', `/keys/vector-${++this.#names}`, { key: wanted });
      this.#imported.set(id, reply);
    }
    return reply;
  }

  /** Path of the imported key. */
  async importOk(jwk: Jwk): Promise<string> {
    const { status, text, json } = await this.import(jwk);
    assert.equal(status, 200, text);
    return new URL((json as { key: { kid: string } }).key.kid).pathname;
  }

  operate(key: string, operation: string, body: object): Promise<Reply> {
    return this.#ask('POST', `${key}/${operation}`, body);
  }

  /** The bytes, or undefined for a refusal, which must be one of a bad request. */
  async bytes(key: string, operation: string, body: object): Promise<Buffer | undefined> {
    const { status, text, json } = await this.operate(key, operation, body);
    if (status === 200) return Buffer.from((json as { value: string }).value, 'base64url');
    refusedAsBad(status, text);
    return undefined;
  }

  /** A refusal counts as no. */
  async verifies(key: string, body: object): Promise<boolean> {
    const { status, text, json } = await this.operate(key, 'verify', body);
    if (status === 200) return (json as { value: boolean }).value;
    refusedAsBad(status, text);
    return false;
  }

  #ask(method: string, path: string, body: object): Promise<Reply> {
    return this.#instance.ask(method, `${path}?api-version=${API_VERSION}`, { token: this.#token, body });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.allSettled(this.#imported.values());
    await this.#instance[Symbol.asyncDispose]();
  }
}

/** `use` and `kid` are the client's; `alg` says what a key is only where the type needs it. */
const JOSE_MEMBERS = ['use', 'kid', 'ext'];

function refusedAsBad(status: number, text: string): void {
  assert.equal(status, 400, text);
  assert.match(text, /"code":"BadParameter"/);
}
