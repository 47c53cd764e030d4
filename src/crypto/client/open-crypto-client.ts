// The client: requests spread over a pool of partitions, repeated on another when one dies, keys opened where the work
// goes.
import {
  CryptoError,
  type KeyBinding,
  type Message,
  type MessageName,
  messages,
  type PublicKey,
  type ReplyOf,
  type RequestOf,
} from '../protocol/messages.ts';
import type { CeremonyName, CryptoClient, OperateInputs, UnlockName, WrappedKey } from './crypto-client.ts';
import type { Partition } from './partition.ts';
import { type Hello, PartitionPool, type PoolOptions, reloadPartition } from './partition-pool.ts';

/** A request that saw this many partitions die is likelier their cause than their victim. */
const ATTEMPTS = 4;
const NONE: Uint8Array = new Uint8Array(0);

/** @throws CryptoError when a partition does not start */
export async function openCryptoClient(options: PoolOptions): Promise<CryptoClient> {
  return new PooledClient(await PartitionPool.open(options));
}

class PooledClient implements CryptoClient {
  readonly #pool: PartitionPool;

  constructor(pool: PartitionPool) {
    this.#pool = pool;
  }

  get hello(): Hello {
    return this.#pool.hello;
  }

  get pids(): readonly number[] {
    return this.#pool.pids;
  }

  async send<M extends MessageName>(name: M, request: RequestOf<M>): Promise<ReplyOf<M>> {
    const payload = encodeRequest(name, request);
    const attempts = messages[name].repeatable ? ATTEMPTS : 1;
    for (let attempt = 1; ; attempt++) {
      try {
        return await ask(await this.#pool.pick(), name, payload);
      } catch (error) {
        if (attempt >= attempts || !isLost(error)) throw error;
      }
    }
  }

  async operate(
    key: WrappedKey,
    operation: number,
    algorithm: number,
    { input, proof = NONE, iv = NONE, aad = NONE }: OperateInputs,
  ): Promise<ReplyOf<'operate'>> {
    for (let attempt = 1; ; attempt++) {
      const picked = this.#pool.pick();
      const partition = picked instanceof Promise ? await picked : picked;
      try {
        const known = partition.handles.get(key.cacheId);
        const handle = typeof known === 'number' ? known : await (known ?? openIn(partition, key));
        const payload = messages.operate.request.encode({ handle, operation, algorithm, input, proof, iv, aad });
        return messages.operate.reply.decode(await partition.request(messages.operate.code, payload));
      } catch (error) {
        const forgotten = error instanceof CryptoError && error.code === 'UnknownHandle';
        if (forgotten) partition.handles.delete(key.cacheId);
        if (attempt >= ATTEMPTS || !(forgotten || isLost(error))) throw error;
      }
    }
  }

  async ceremony<M extends CeremonyName>(name: M, request: RequestOf<M>): Promise<ReplyOf<M>> {
    const partition = await this.#pool.pick();
    const reply = await ask(partition, name, encodeRequest(name, request));
    await this.reload();
    return reply;
  }

  unlockCertificate(): Promise<Buffer> {
    return this.#pool.unlockCertificate();
  }

  async unlock<M extends UnlockName>(name: M, recipient: string, request: RequestOf<M>): Promise<ReplyOf<M>> {
    const partition = this.#pool.waitingWith(recipient);
    const reply = await ask(partition, name, encodeRequest(name, request));
    await this.#pool.spreadFrom(partition);
    return reply;
  }

  async reload(): Promise<void> {
    await Promise.all(
      this.#pool.ready.map((partition) =>
        reloadPartition(partition).catch((error: unknown) => {
          // One that died meanwhile reads the new state when it comes back.
          if (!isLost(error)) throw error;
        }),
      ),
    );
    await this.#pool.refresh(await this.#pool.pick());
  }

  createKey(
    binding: KeyBinding,
    { size, curve, publicExponent, alg }: Parameters<CryptoClient['createKey']>[1],
  ): Promise<{ readonly publicKey: PublicKey; readonly blob: Uint8Array }> {
    const exponent = publicExponent ?? (binding.kty === 'RSA-HSM' ? 65537 : 0);
    const request = { binding, size: size ?? 0, curve: curve ?? '', publicExponent: exponent, alg: alg ?? '' };
    // The module is the only writer of this JSON; its shape is checked by the type that both sides share.
    return this.send('createKey', request) as Promise<{ publicKey: PublicKey; blob: Uint8Array }>;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#pool[Symbol.asyncDispose]();
  }
}

function encodeRequest<M extends MessageName>(name: M, request: RequestOf<M>): Buffer {
  return (messages[name] as Message).request.encode(request as never);
}

/** Decoded from a copy: replies live longer than the chunk that they came in. */
async function ask<M extends MessageName>(partition: Partition, name: M, payload: Buffer): Promise<ReplyOf<M>> {
  const reply = await partition.request(messages[name].code, payload);
  return (messages[name] as Message).reply.decode(Buffer.from(reply)) as unknown as ReplyOf<M>;
}

/** Opens a key once, however many requests wait for it. */
function openIn(partition: Partition, { cacheId, binding, blob }: WrappedKey): Promise<number> {
  const opening = ask(partition, 'openKey', encodeRequest('openKey', { binding, blob })).then(
    ({ handle }) => {
      partition.remember(cacheId, handle);
      return handle;
    },
    (error: unknown) => {
      partition.handles.delete(cacheId);
      throw error;
    },
  );
  partition.remember(cacheId, opening);
  return opening;
}

function isLost(error: unknown): boolean {
  return error instanceof CryptoError && error.code === 'PartitionLost';
}
