// What a service worker sees of its module: typed requests, spread over the partitions it spawned. Not a place for
// policy: who may use a key was decided before.
import type { KeyBinding, MessageName, ModuleState, PublicKey, ReplyOf, RequestOf } from '../protocol/messages.ts';

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

/** Messages that change what the module is. */
export type CeremonyName =
  | 'provision'
  | 'renewState'
  | 'witness'
  | 'downloadSecurityDomain'
  | 'uploadSecurityDomain'
  | 'replaceCustodians';

/** Messages that open a locked module. */
export type UnlockName = 'unlock' | 'unlockFromFile' | 'takeOver';

export interface CryptoClient extends AsyncDisposable {
  readonly hello: ReplyOf<'hello'> & { readonly state: ModuleState };
  /** Process ids of the living partitions. */
  readonly pids: readonly number[];
  /**
   * One message to some partition. Repeatable messages survive the death of a partition unseen.
   * @throws CryptoError
   */
  send<M extends MessageName>(name: M, request: RequestOf<M>): Promise<ReplyOf<M>>;
  /** `operate` with the blob opened (or re-opened) in the partition that takes the work. @throws CryptoError */
  operate(key: WrappedKey, operation: number, algorithm: number, inputs: OperateInputs): Promise<ReplyOf<'operate'>>;
  /** Runs a state-changing message in one partition, then has every other partition reload before it resolves. */
  ceremony<M extends CeremonyName>(name: M, request: RequestOf<M>): Promise<ReplyOf<M>>;
  /** While locked: the unlock certificate of one partition (DER). @throws CryptoError */
  unlockCertificate(): Promise<Buffer>;
  /**
   * Opens the seal with one message to the partition that `recipient` (thumbprint) is the certificate of, then hands the
   * key to all other partitions before it resolves; updates `hello`. @throws CryptoError SealRefused, BadRequest
   */
  unlock<M extends UnlockName>(name: M, recipient: string, request: RequestOf<M>): Promise<ReplyOf<M>>;
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
