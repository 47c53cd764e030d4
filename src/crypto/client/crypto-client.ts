// What a service worker sees of its module: typed requests, spread over the partitions it spawned. Not a place for
// policy: who may use a key was decided before.
import type {
  KeyBinding,
  MessageBy,
  MessageName,
  ModuleState,
  PublicKey,
  ReplyOf,
  RequestOf,
} from '../protocol/messages.ts';

/** A wrapped key as stored with a key version. `cacheId` is unique per blob content (a re-bound key gets a new one). */
export interface WrappedKey {
  readonly cacheId: string;
  readonly binding: KeyBinding;
  readonly blob: Uint8Array;
}

export interface OperateInputs {
  readonly input: Uint8Array;
  readonly proof?: Uint8Array;
  readonly iv?: Uint8Array;
  readonly aad?: Uint8Array;
}

/** Messages after which every partition reads the files again. */
export type CeremonyName = Exclude<MessageBy<'ceremony'>, MessageBy<'serving'>>;

export interface CryptoClient extends AsyncDisposable {
  readonly hello: ReplyOf<'hello'> & { readonly state: ModuleState };
  /** Process ids of the living partitions. */
  readonly pids: readonly number[];
  /**
   * One message to some partition, or to a process that is started for it. Repeatable messages survive the death of either
   * unseen. @throws CryptoError
   */
  send<M extends MessageName>(name: M, request: RequestOf<M>): Promise<ReplyOf<M>>;
  /** `operate` with the blob opened (or re-opened) in the partition that takes the work. @throws CryptoError */
  operate(key: WrappedKey, operation: number, algorithm: number, inputs: OperateInputs): Promise<ReplyOf<'operate'>>;
  /** Runs a message that changes the module's files, then has every partition reload before it resolves. */
  ceremony<M extends CeremonyName>(name: M, request: RequestOf<M>): Promise<ReplyOf<M>>;
  /** While locked: the unlock certificate (DER) of the process that waits for secrets. @throws CryptoError */
  unlockCertificate(): Promise<Buffer>;
  /**
   * Opens the seal with a secret encrypted to that certificate, then hands the key to all partitions before it resolves;
   * updates `hello`. @throws CryptoError SealRefused, BadRequest
   */
  unlock(request: RequestOf<'unlock'>): Promise<ReplyOf<'unlock'>>;
  /** The same with the passphrase in the file that was named when this client was opened. */
  unlockFromFile(): Promise<void>;
  /** While locked: the key (DER) of one partition that another worker can hand the seal key to. @throws CryptoError */
  recipientKey(): Promise<Buffer>;
  /** The same with what another worker handed over. */
  takeOver(request: RequestOf<'takeOver'>): Promise<void>;
  /** Has every partition read the state file again (another worker ran a ceremony); updates `hello`. */
  reload(): Promise<void>;
  createKey(
    binding: KeyBinding,
    kind: {
      readonly size?: number;
      readonly curve?: string;
      readonly publicExponent?: number;
      readonly alg?: string;
    },
  ): Promise<{ readonly publicKey: PublicKey; readonly blob: Uint8Array }>;
}
