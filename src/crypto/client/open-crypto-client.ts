// The client: requests spread over a pool of partitions, repeated on another when one dies, keys opened where the work goes,
// and ceremonies run in processes of their own.
import {
  CryptoError,
  type KeyBinding,
  type MessageName,
  messages,
  type PublicKey,
  type ReplyOf,
  type RequestOf,
} from '../protocol/messages.ts';
import { Ceremonies } from './ceremony-process.ts';
import type { CeremonyName, CryptoClient, OperateInputs, WrappedKey } from './crypto-client.ts';
import { ask, askEncoded, encodeRequest, isLost, type Partition } from './partition.ts';
import { type Hello, PartitionPool, type PoolOptions } from './partition-pool.ts';

/** A request that saw this many partitions die is likelier their cause than their victim. */
const ATTEMPTS = 4;
const NONE: Uint8Array = new Uint8Array(0);

/** @throws CryptoError when a partition does not start */
export async function openCryptoClient(options: PoolOptions): Promise<CryptoClient> {
  return new PooledClient(await PartitionPool.open(options), options);
}

class PooledClient implements CryptoClient {
  readonly #pool: PartitionPool;
  readonly #ceremonies: Ceremonies;

  constructor(pool: PartitionPool, options: PoolOptions) {
    this.#pool = pool;
    this.#ceremonies = new Ceremonies(options, pool);
  }

  get hello(): Hello {
    return this.#pool.hello;
  }

  get pids(): readonly number[] {
    return this.#pool.pids;
  }

  async send<M extends MessageName>(name: M, request: RequestOf<M>): Promise<ReplyOf<M>> {
    const payload = encodeRequest(name, request);
    const { by, repeatable } = messages[name];
    const attempts = repeatable ? ATTEMPTS : 1;
    for (let attempt = 1; ; attempt++) {
      try {
        if (by === 'ceremony') return await this.#ceremonies.run(name, payload);
        return await askEncoded(await this.#pool.pick(), name, payload);
      } catch (error) {
        if (attempt >= attempts) throw error;
        if (error instanceof CryptoError && error.code === 'IdentityMissing') await this.send('makeIdentity', {});
        else if (!isLost(error)) throw error;
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
    let reply: ReplyOf<M>;
    try {
      reply = await this.send(name, request);
    } catch (error) {
      // A process that ended before it answered may have written all the same.
      if (isLost(error)) await this.reload().catch(() => undefined);
      throw error;
    }
    await this.reload();
    return reply;
  }

  unlockCertificate(): Promise<Buffer> {
    return this.#ceremonies.unlockCertificate();
  }

  unlock(request: RequestOf<'unlock'>): Promise<ReplyOf<'unlock'>> {
    return this.#ceremonies.unlock(request);
  }

  unlockFromFile(): Promise<void> {
    return this.#ceremonies.unlockFromFile();
  }

  recipientKey(): Promise<Buffer> {
    return this.#pool.recipientKey();
  }

  async takeOver(request: RequestOf<'takeOver'>): Promise<void> {
    const partition = this.#pool.waitingWith(request.recipient);
    await ask(partition, 'takeOver', request);
    await this.#pool.spreadFrom(partition);
    await this.#ceremonies.endUnlocking();
  }

  async reload(): Promise<void> {
    await Promise.all(
      this.#pool.ready.map((partition) =>
        ask(partition, 'reload', {}).catch((error: unknown) => {
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

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#ceremonies[Symbol.asyncDispose](), this.#pool[Symbol.asyncDispose]()]);
  }
}

/** Opens a key once, however many requests wait for it. */
function openIn(partition: Partition, { cacheId, binding, blob }: WrappedKey): Promise<number> {
  const opening = ask(partition, 'openKey', { binding, blob }).then(
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
