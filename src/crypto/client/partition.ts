// One partition as the worker sees it: frames out, replies matched by id, handles of the keys that it has open. It does
// not retry; that is the client's.

import { FrameReader, FrameWriter } from '../../formats/frames.ts';
import {
  CryptoError,
  type CryptoErrorCode,
  type KeyBinding,
  type Message,
  type MessageName,
  MODULE_STATES,
  type ModuleState,
  messages,
  REFUSAL_CODES,
  REPLY_OK,
  REPLY_REFUSED,
  type ReplyOf,
  type RequestOf,
  refusal,
} from '../protocol/messages.ts';
import type { PartitionProcess } from './spawn-partition.ts';

/** Handles remembered for each partition; the module's own cache has the same size. */
const MAX_HANDLES = 4096;
/** Weight of what may take long, or is not asked for often: nothing light waits behind it while another partition is free. */
const HEAVY = 256;
/** How long a process may take to end by itself. */
const CLOSE_MS = 5_000;

const NO_FIELDS = Buffer.alloc(0);

export type Hello = ReplyOf<'hello'> & { readonly state: ModuleState };

interface Pending extends Omit<PromiseWithResolvers<Buffer>, 'promise'> {
  readonly weight: number;
}

export class Partition implements AsyncDisposable {
  readonly pid: number;
  /** Resolves when the process is gone. */
  readonly gone: Promise<void>;
  readonly handles = new Map<string, number | Promise<number>>();
  readonly #process: PartitionProcess;
  readonly #writer: FrameWriter;
  readonly #pending = new Map<number, Pending>();
  #load = 0;
  /** Of the pending ones those that make an RSA key: until its primes are found may take long, and no other key does. */
  readonly #making = new Set<number>();
  #lastId = 0;
  #lost: CryptoError | undefined;
  /** Since when nothing came although something was asked; undefined while all is well. */
  #silentSince: number | undefined;
  /** Starting takes as long as it takes; the pool has its own patience for that. */
  #hasSpoken = false;

  /**
   * @param stallMs how long a partition may leave all its requests unanswered before it is ended, and while it makes an RSA key
   */
  constructor(process: PartitionProcess, stallMs: number, makingMs: number = stallMs) {
    this.#process = process;
    this.pid = process.pid ?? 0;
    this.#writer = new FrameWriter(process.stdin);
    const reader = new FrameReader();
    process.stdout.on('data', (chunk: Buffer) => {
      try {
        for (const frame of reader.push(chunk)) this.#settle(frame.id, frame.kind, frame.payload);
      } catch {
        // A module that answers nonsense cannot be trusted with the next question.
        this.kill();
      }
    });
    const interval = stallMs / 4;
    // Noticed up to an interval late, and judged as late: in all it is the time that is allowed, give or take one.
    const check = (): void => this.#checkSilence((this.#making.size > 0 ? makingMs : stallMs) - interval);
    // Once what has come was read: a worker that was stopped itself blames nobody for that time.
    const watch = setInterval(() => setImmediate(check), interval);
    watch.unref();
    this.gone = new Promise((resolve) => {
      const end = (): void => {
        clearInterval(watch);
        this.#fail();
        resolve();
      };
      process.on('error', end);
      process.on('close', end);
    });
    // Writing to a process that died: its end is reported by `close`.
    process.stdin.on('error', () => undefined);
  }

  /** True from the moment its requests are given up. */
  get lost(): boolean {
    return this.#lost !== undefined;
  }

  /** The weights of what it has not answered yet. */
  get load(): number {
    return this.#load;
  }

  /** Resolves with the reply's payload. @throws CryptoError */
  request(code: number, payload: Uint8Array, weight: number = HEAVY): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      if (this.#lost !== undefined) {
        reject(this.#lost);
        return;
      }
      const id = this.#nextId();
      this.#pending.set(id, { resolve, reject, weight });
      this.#load += weight;
      if (code === messages.createKey.code && makesRsa(payload)) this.#making.add(id);
      this.#writer.send(id, code, payload);
    });
  }

  remember(cacheId: string, handle: number | Promise<number>): void {
    this.handles.set(cacheId, handle);
    if (this.handles.size <= MAX_HANDLES) return;
    for (const oldest of this.handles.keys()) {
      this.handles.delete(oldest);
      break;
    }
  }

  kill(): void {
    this.#process.kill('SIGKILL');
    this.#fail();
  }

  /** Lets the process end by itself, and ends it if it does not. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.stdin.end();
    const timer = setTimeout(() => this.kill(), CLOSE_MS);
    await this.gone;
    clearTimeout(timer);
  }

  #checkSilence(patienceMs: number): void {
    if (!this.#hasSpoken) this.#silentSince = undefined;
    else if (this.#pending.size === 0) {
      this.#silentSince = undefined;
      // One that hangs while nobody needs it would be found out by the first who does.
      this.request(messages.hello.code, NO_FIELDS, 0).catch(() => undefined);
    } else if (this.#silentSince === undefined) this.#silentSince = performance.now();
    else if (performance.now() - this.#silentSince >= patienceMs) this.kill();
  }

  #nextId(): number {
    do this.#lastId = (this.#lastId + 1) >>> 0;
    while (this.#pending.has(this.#lastId));
    return this.#lastId;
  }

  #settle(id: number, kind: number, payload: Buffer): void {
    const pending = this.#pending.get(id);
    if (pending === undefined) throw new CryptoError('Internal', 'an answer to no question');
    if (kind !== REPLY_OK && kind !== REPLY_REFUSED) throw new CryptoError('Internal', 'an unknown kind of answer');
    const refused = kind === REPLY_REFUSED ? refusal.decode(payload) : undefined;
    // Not for what only looks like the beginning of an answer.
    this.#silentSince = undefined;
    this.#hasSpoken = true;
    this.#making.delete(id);
    this.#pending.delete(id);
    this.#load -= pending.weight;
    if (refused === undefined) return pending.resolve(payload);
    const { code, message } = refused;
    pending.reject(new CryptoError(REFUSALS.has(code) ? (code as CryptoErrorCode) : 'Internal', message));
  }

  #fail(): void {
    this.#lost ??= new CryptoError('PartitionLost', 'the module partition ended before it answered');
    const waiting = [...this.#pending.values()];
    this.#pending.clear();
    this.#load = 0;
    this.#making.clear();
    this.handles.clear();
    for (const { reject } of waiting) reject(this.#lost);
  }
}

function makesRsa(payload: Uint8Array): boolean {
  return (messages.createKey.request.decode(Buffer.from(payload)).binding as KeyBinding).kty === 'RSA-HSM';
}

const REFUSALS: ReadonlySet<string> = new Set(REFUSAL_CODES);

/** @param patienceMs one that does not answer until then is ended @throws CryptoError */
export async function greet(partition: Partition, patienceMs?: number): Promise<Hello> {
  const late = patienceMs === undefined ? undefined : setTimeout(() => partition.kill(), patienceMs);
  try {
    const hello = await ask(partition, 'hello', {});
    if (!MODULE_STATES.some((state) => state === hello.state)) {
      throw new CryptoError('Internal', 'the partition is in an unknown state');
    }
    return hello as Hello;
  } finally {
    clearTimeout(late);
  }
}

/** One message. The reply is decoded from a copy: it lives longer than the chunk that it came in. @throws CryptoError */
export function ask<M extends MessageName>(partition: Partition, name: M, request: RequestOf<M>): Promise<ReplyOf<M>> {
  return askEncoded(partition, name, encodeRequest(name, request));
}

export async function askEncoded<M extends MessageName>(
  partition: Partition,
  name: M,
  payload: Buffer,
): Promise<ReplyOf<M>> {
  const reply = await partition.request(messages[name].code, payload);
  return (messages[name] as Message).reply.decode(Buffer.from(reply)) as unknown as ReplyOf<M>;
}

export function encodeRequest<M extends MessageName>(name: M, request: RequestOf<M>): Buffer {
  return (messages[name] as Message).request.encode(request as never);
}

export function isLost(error: unknown): boolean {
  return error instanceof CryptoError && error.code === 'PartitionLost';
}
