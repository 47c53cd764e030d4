// What a service worker sees of its module: requests spread over a pool of partitions, repeated on another when one dies, keys
// opened where the work goes, and ceremonies run in processes of their own. Not a place for policy: who may use a key was
// decided before.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import {
  CryptoError,
  type KeyBinding,
  type MessageBy,
  type MessageName,
  messages,
  type PublicKey,
  type ReplyOf,
  type RequestOf,
} from '../protocol/messages.ts';
import { Ceremonies } from './ceremony-process.ts';
import { ask, askEncoded, encodeRequest, type Hello, isLost, type Partition } from './partition.ts';
import { PartitionPool, type PoolOptions } from './partition-pool.ts';

/** A wrapped key as stored with a key version. `cacheId` is unique per blob content (a re-bound key gets a new one). */
export interface WrappedKey {
  readonly cacheId: string;
  readonly binding: KeyBinding;
  readonly blob: Uint8Array;
}

type Inputs = RequestOf<'operate'>;
/** What an operation does not take is left out. */
export type OperateInputs = Pick<Inputs, 'input'> & {
  readonly [M in 'proof' | 'iv' | 'aad']?: Inputs[M] | undefined;
};

/** Messages after which every partition reads the files again. */
export type CeremonyName = Exclude<MessageBy<'ceremony'>, MessageBy<'serving'>>;

export type CryptoClient = Awaited<ReturnType<typeof openCryptoClient>>;

/** A request that saw this many partitions die is likelier their cause than their victim. */
const ATTEMPTS = 4;
const NONE: Uint8Array = new Uint8Array(0);
/** What one operation takes of a partition, about, in times of one with AES. */
const WEIGHT: Readonly<Record<KeyBinding['kty'], number>> = { 'oct-HSM': 1, 'EC-HSM': 6, 'AKP-HSM': 32, 'RSA-HSM': 64 };

/** @throws CryptoError when a partition does not start */
export async function openCryptoClient(options: PoolOptions) {
  const pool = new PartitionPool(options);
  const ceremonies = new Ceremonies(options, pool);
  // A new one is made by a ceremony, which takes one partition besides.
  const isNew = !existsSync(join(options.moduleFolder, 'state.sealed'));
  if (isNew) ceremonies.foresee();
  const opened = pool.open(isNew ? 1 : options.partitions);
  await opened.catch(() => ceremonies[Symbol.asyncDispose]());
  await opened;
  pool.complete();

  async function send<M extends MessageName>(name: M, request: RequestOf<M>): Promise<ReplyOf<M>> {
    const payload = encodeRequest(name, request);
    const { by, repeatable } = messages[name];
    const attempts = repeatable ? ATTEMPTS : 1;
    for (let attempt = 1; ; attempt++) {
      try {
        if (by === 'ceremony') return await ceremonies.run(name, payload);
        return await askEncoded(await pool.pick(), name, payload);
      } catch (error) {
        if (attempt >= attempts) throw error;
        if (error instanceof CryptoError && error.code === 'IdentityMissing') await send('makeIdentity', {});
        else if (!isLost(error)) throw error;
      }
    }
  }

  /** Most keys are open already where the work goes: then there is no promise but those of the reply. */
  function operate(
    key: WrappedKey,
    operation: number,
    algorithm: number,
    inputs: OperateInputs,
    attempt: number = 1,
  ): Promise<ReplyOf<'operate'>> {
    const { input, proof = NONE, iv = NONE, aad = NONE } = inputs;
    const weight = WEIGHT[key.binding.kty];
    const picked = pool.pick(weight);
    const again = (where: Partition, error: unknown): Promise<ReplyOf<'operate'>> => {
      const forgotten = error instanceof CryptoError && error.code === 'UnknownHandle';
      if (forgotten) where.handles.delete(key.cacheId);
      if (attempt >= ATTEMPTS || !(forgotten || isLost(error))) throw error;
      return operate(key, operation, algorithm, inputs, attempt + 1);
    };
    const operateIn = (where: Partition, handle: number): Promise<ReplyOf<'operate'>> => {
      const payload = messages.operate.request.encode({ handle, operation, algorithm, input, proof, iv, aad });
      const reply = where.request(messages.operate.code, payload, weight);
      return reply.then(messages.operate.reply.decode, (error: unknown) => again(where, error));
    };
    const operateOn = (where: Partition): Promise<ReplyOf<'operate'>> => {
      const known = where.handles.get(key.cacheId) ?? openIn(where, key);
      if (typeof known === 'number') return operateIn(where, known);
      return known.then(
        (handle) => operateIn(where, handle),
        (error: unknown) => again(where, error),
      );
    };
    return picked instanceof Promise ? picked.then(operateOn) : operateOn(picked);
  }

  async function reload(): Promise<void> {
    await Promise.all(
      pool.toReload().map((partition) =>
        ask(partition, 'reload', {}).catch((error: unknown) => {
          // One that died meanwhile reads the new state when it comes back.
          if (!isLost(error)) throw error;
        }),
      ),
    );
    await pool.refresh(await pool.pick());
    pool.complete();
  }

  return {
    get hello(): Hello {
      return pool.hello;
    },
    /** Process ids of the living partitions. */
    get pids(): readonly number[] {
      return pool.pids;
    },
    get health() {
      return pool.health;
    },
    /**
     * One message to some partition, or to a process that is started for it. Repeatable messages survive the death of either
     * unseen. @throws CryptoError
     */
    send,
    /** `operate` with the blob opened (or re-opened) in the partition that takes the work. @throws CryptoError */
    operate,
    /** Runs a message that changes the module's files, then has every partition reload before it resolves. */
    async ceremony<M extends CeremonyName>(name: M, request: RequestOf<M>): Promise<ReplyOf<M>> {
      let reply: ReplyOf<M>;
      try {
        reply = await send(name, request);
      } catch (error) {
        // A process that ended before it answered may have written all the same.
        if (isLost(error)) await reload().catch(() => undefined);
        throw error;
      }
      await reload();
      return reply;
    },
    /** Has the process of the next ceremony load before that is asked for. */
    foreseeCeremony: () => ceremonies.foresee(),
    /** While locked: the unlock certificate (DER) of the process that waits for secrets. @throws CryptoError */
    unlockCertificate: () => ceremonies.unlockCertificate(),
    /**
     * Opens the seal with a secret encrypted to that certificate, then hands the key to all partitions before it resolves;
     * updates `hello`. @throws CryptoError SealRefused, BadRequest
     */
    unlock: (request: RequestOf<'unlock'>) => ceremonies.unlock(request),
    /** The same with the passphrase in the file that was named when this client was opened. */
    unlockFromFile: () => ceremonies.unlockFromFile(),
    /** While locked: the key (DER) of one partition that another worker can hand the seal key to. @throws CryptoError */
    recipientKey: () => pool.recipientKey(),
    /** The same with what another worker handed over. */
    async takeOver(request: RequestOf<'takeOver'>): Promise<void> {
      const partition = pool.waitingWith(request.recipient);
      await ask(partition, 'takeOver', request);
      await pool.spreadFrom(partition);
      await ceremonies.endUnlocking();
    },
    /** Has every partition read the state file again (another worker ran a ceremony); updates `hello`. */
    reload,
    createKey(
      binding: KeyBinding,
      {
        size = 0,
        curve = '',
        publicExponent = binding.kty === 'RSA-HSM' ? 65537 : 0,
        alg = '',
      }: Partial<Omit<RequestOf<'createKey'>, 'binding'>>,
    ) {
      const made = send('createKey', { binding, size, curve, publicExponent, alg });
      // The module is the only writer of this JSON; its shape is checked by the type that both sides share.
      return made as Promise<{ readonly publicKey: PublicKey; readonly blob: Uint8Array }>;
    },
    async [Symbol.asyncDispose](): Promise<void> {
      await Promise.all([ceremonies[Symbol.asyncDispose](), pool[Symbol.asyncDispose]()]);
    },
  };
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
