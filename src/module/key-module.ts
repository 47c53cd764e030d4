// The module itself: its state, its opened keys, and one method for each message that touches them. It has no policy
// and no clock of its own authority; who may ask is settled before a message gets here.
import { createHash } from 'node:crypto';
import type { Engine, EngineKey, OperationInputs, OperationResult } from '../crypto/engines/engine.ts';
import { CryptoError, type ModuleState, type PublicKey, type RequestOf } from '../crypto/protocol/messages.ts';
import { type Algorithm, algorithmByCode, operationByCode, operations } from '../formats/algorithms.ts';
import { type AttestationIdentity, openAttestationIdentity } from './attestation-identity.ts';
import { Ceremonies } from './ceremonies.ts';
import { withCeremonyLock } from './ceremony-lock.ts';
import { changeSeal, type SealWish } from './change-seal.ts';
import { checkBinding, checkNewBinding, checkRebinding } from './key-binding.ts';
import { sealKey, withKeyMaterial } from './key-blobs.ts';
import { KeyCache } from './key-cache.ts';
import { readKeySpec } from './key-spec.ts';
import { isBehind, type NamedState, refuseBehind, requireSuccessor, stateRefused } from './never-back.ts';
import { NewestHead } from './newest-head.ts';
import { removeOldCustodians } from './old-custodians.ts';
import { openRecord, type RecordText } from './records.ts';
import { RootKeys } from './root-keys.ts';
import { type PassphraseSource, SealLock } from './seal-lock.ts';
import { SignedCheckpoint } from './signed-checkpoint.ts';
import { type Provisioned, type StateContent, StateFile } from './state-file.ts';
import { HEAD_RECORD, type HeadText, readStoreHead, sealHead, stateNamedBy } from './store-head.ts';

export interface KeyModuleOptions {
  readonly folder: string;
  readonly engine: Engine;
  /** Opened keys kept at most. */
  readonly cacheSize: number;
  /** Milliseconds between learning of a newer store head and writing it down. */
  readonly headDelay: number;
  /** Unix seconds; only ever written down, never decided upon. */
  readonly now: () => number;
  /** Milliseconds that the first wrong secret of a seal costs. */
  readonly wrongSecretDelay?: number;
  /** Where the passphrase of the seal may be read. */
  readonly passphraseSource?: PassphraseSource | undefined;
  /** This partition serves a stopped instance, and may exchange its seal. */
  readonly mayChangeSeal?: boolean;
}

export class KeyModule implements AsyncDisposable {
  readonly engine: Engine;
  readonly folder: string;
  readonly head: NewestHead;
  readonly checkpoint: SignedCheckpoint;
  readonly seal: SealLock;
  readonly #mayChangeSeal: boolean;
  readonly ceremonies: Ceremonies;
  readonly #file: StateFile;
  readonly #now: () => number;
  readonly #cacheSize: number;
  #state: Provisioned | undefined;
  #cache: KeyCache;
  #generating: Promise<unknown> = Promise.resolve();
  #identity: Promise<AttestationIdentity> | undefined;

  /** @throws CryptoError RecordRefused when the folder holds a state that is not authentic */
  constructor(options: KeyModuleOptions) {
    const { folder, engine, cacheSize, headDelay, now } = options;
    this.engine = engine;
    this.folder = folder;
    this.#file = new StateFile(folder);
    this.#cacheSize = cacheSize;
    this.#cache = new KeyCache(cacheSize);
    this.head = new NewestHead(folder, headDelay);
    this.checkpoint = new SignedCheckpoint(folder);
    this.ceremonies = new Ceremonies(this);
    this.#now = now;
    this.#mayChangeSeal = options.mayChangeSeal ?? false;
    this.seal = new SealLock({
      folder,
      file: this.#file,
      now,
      wrongSecretDelay: options.wrongSecretDelay ?? 1000,
      passphraseSource: options.passphraseSource,
      opened: () => this.reload(),
    });
    this.reload();
  }

  get state(): ModuleState {
    return this.#state?.state ?? (this.#file.isLocked ? 'locked' : 'blank');
  }

  /** @throws CryptoError WrongState while blank or locked */
  get provisioned(): Provisioned {
    if (this.#state === undefined) throw new CryptoError('WrongState', `the module is ${this.state}`);
    return this.#state;
  }

  /** Reads the files again. @throws CryptoError StateRefused, RecordRefused: everything is as it was before */
  reload(): void {
    const before = this.#state;
    const loaded = this.#file.load((found, isLocked) => {
      if (before !== undefined) requireSuccessor(before, found, isLocked);
      if (found === undefined) return;
      this.head.load(found);
      this.checkpoint.load(found);
    });
    if (before !== undefined && loaded?.rootKeys.sameAs(before.rootKeys) === false) {
      this.#cache[Symbol.dispose]();
      this.#cache = new KeyCache(this.#cacheSize);
      this.#forgetIdentity();
    }
    this.#state = loaded;
    before?.rootKeys[Symbol.dispose]();
  }

  /**
   * What something sealed says of the state under which it was sealed. One that is newer than this module's was made by
   * another partition, or older files were put back. @throws CryptoError StateRefused
   */
  heed(named: NamedState): void {
    if (!isBehind(this.provisioned, named)) return;
    try {
      this.reload();
    } catch (cause) {
      throw stateRefused(cause instanceof Error ? cause.message : 'the module state cannot be read', { cause });
    }
    if (isBehind(this.provisioned, named)) refuseBehind(this.provisioned, named);
  }

  provision(instanceId: string, instanceName: string): void {
    if (!/^[0-9A-Za-z._-]{1,128}$/.test(instanceId)) throw new CryptoError('BadRequest', 'instanceId: wrong form');
    if (!/^[0-9A-Za-z-]{1,127}$/.test(instanceName)) throw new CryptoError('BadRequest', 'instanceName: wrong form');
    using rootKeys = RootKeys.make();
    const made = withCeremonyLock(this.folder, () => {
      if (this.#file.exists) return false;
      const first: StateContent = {
        state: 'provisioned',
        instanceId,
        instanceName,
        createdAt: this.#now(),
        generation: 1,
        lineage: [''],
        settled: undefined,
        headFloor: 0,
        logFloor: 0,
        rootKeys,
      };
      // Before there is a state: where one is and they are not, they were deleted.
      this.head.begin(first);
      this.checkpoint.begin(first);
      return this.#file.create(first);
    });
    this.reload();
    if (!made) throw new CryptoError('WrongState', 'the module was provisioned meanwhile');
  }

  /** Writes the next state of the same instance, and reads it again; durable when it returns. */
  replace(state: StateContent): void {
    this.#witnessOld();
    this.#file.replace(this.#next(state));
    removeOldCustodians(this.folder);
    this.reload();
  }

  /**
   * The service has found store and log not to know of a newer state: one of a version before is written in the present
   * form, and keys that seal nothing any more are gone.
   */
  renew(): void {
    withCeremonyLock(this.folder, () => {
      this.reload();
      if (this.provisioned.generation === 0) this.replace(this.provisioned);
      this.#file.wipeSpareKeys();
    });
  }

  /** Versions before made the witnesses when they were first needed. */
  #witnessOld(): void {
    if (this.provisioned.generation > 0) return;
    this.head.witness(this.provisioned, 0);
    this.checkpoint.witness(this.provisioned, 0, createHash('sha256').digest());
  }

  #next(state: StateContent): StateContent {
    const { generation, lineage, digest } = this.provisioned;
    return {
      ...state,
      generation: generation + 1,
      lineage: [...lineage, digest],
      headFloor: this.head.sequence,
      logFloor: this.signedSize,
    };
  }

  /** @throws CryptoError SealRefused in a partition of a service worker; BadRequest */
  async changeSeal(wish: SealWish): Promise<void> {
    if (!this.#mayChangeSeal) {
      throw new CryptoError(
        'SealRefused',
        'the seal is changed while the instance is stopped, by a partition for that alone',
      );
    }
    this.reload();
    this.#witnessOld();
    await changeSeal(this.folder, this.#file, this.#next(this.provisioned), wish);
    removeOldCustodians(this.folder);
    // Read as every other partition will.
    this.reload();
  }

  /** One at a time: an RSA key is seconds of a core, and the other core serves. */
  async createKey(
    binding: unknown,
    size: number,
    curve: string,
    publicExponent: number,
    alg: string,
  ): Promise<{ publicKey: PublicKey; blob: Buffer }> {
    const checked = checkNewBinding(binding);
    const spec = readKeySpec(checked.kty, size, curve, publicExponent, alg);
    const generated = this.#generating.then(() => this.engine.generate(spec));
    this.#generating = generated.catch(() => undefined);
    const { key, material } = await generated;
    try {
      return { publicKey: key.publicKey, blob: sealKey(this.provisioned, checked, material) };
    } finally {
      material.fill(0);
      key[Symbol.dispose]();
    }
  }

  rebindKey(binding: unknown, blob: Uint8Array, newBinding: unknown): Buffer {
    const from = checkBinding(binding);
    const to = checkBinding(newBinding);
    checkRebinding(from, to);
    return withKeyMaterial(this.provisioned, from, blob, (material) => sealKey(this.provisioned, to, material));
  }

  openKey(binding: unknown, blob: Uint8Array): number {
    const checked = checkBinding(binding);
    const key: EngineKey = withKeyMaterial(this.provisioned, checked, blob, (material) =>
      this.engine.open(checked.kty, material),
    );
    return this.#cache.add(key, checked);
  }

  operate(handle: number, operationCode: number, algorithmCode: number, inputs: OperationInputs): OperationResult {
    const operation = operationByCode.get(operationCode);
    const algorithm: Algorithm | undefined = algorithmByCode.get(algorithmCode);
    if (operation === undefined) throw new CryptoError('BadRequest', 'operation: unknown');
    if (algorithm === undefined) throw new CryptoError('AlgorithmNotSupported', 'alg: unknown');
    const { key, keyOps } = this.#cache.get(handle);
    if (!keyOps.has(operations[operation].keyOp)) {
      throw new CryptoError('OperationNotAllowed', `key_ops: the key does not permit ${operation}`);
    }
    if (algorithm.kty !== key.kty || !algorithm.operations.includes(operation)) {
      throw new CryptoError('AlgorithmNotSupported', `alg: ${algorithm.name} does not ${operation} with this key`);
    }
    return key.operate(operation, algorithm, inputs);
  }

  get now(): number {
    return this.#now();
  }

  /** Opened, or made, when first needed; a failure is forgotten so that the next call tries again. */
  attestationIdentity(): Promise<AttestationIdentity> {
    this.#identity ??= this.#generating.then(() => {
      const opened = openAttestationIdentity(this.folder, this.provisioned, this.engine);
      this.#generating = opened.catch(() => undefined);
      return opened;
    });
    const opening = this.#identity;
    opening.catch(() => {
      if (this.#identity === opening) this.#identity = undefined;
    });
    return opening;
  }

  #forgetIdentity(): void {
    // One that did not open has nothing to free.
    this.#identity?.then(
      (identity) => identity[Symbol.dispose](),
      () => undefined,
    );
    this.#identity = undefined;
  }

  /** Size of the newest log that was signed, as far as is known. */
  get signedSize(): number {
    return Math.max(this.checkpoint.size, this.#state?.logFloor ?? 0);
  }

  /** Makes witnesses that are missing, of what their owner has accepted: this head, and a log of this size and root. */
  witness({ revision, key, sealed, size, root }: RequestOf<'witness'>): void {
    if (root.length !== 32) throw new CryptoError('BadRequest', 'root: is not a SHA-256 hash');
    const { sequence, state } = readStoreHead(this.provisioned, revision, key, sealed);
    this.heed(state);
    if (sequence < this.head.sequence || size < this.signedSize) {
      throw new CryptoError('RecordRefused', 'the store or the log is older than what the module has seen');
    }
    this.head.witness(this.provisioned, sequence);
    this.checkpoint.witness(this.provisioned, size, root);
  }

  sealHead(head: HeadText): ReturnType<typeof sealHead> {
    const signedLog = Math.max(this.checkpoint.known, this.provisioned.logFloor);
    return sealHead(this.provisioned, head, signedLog, (named) => {
      this.heed(named);
      return this.provisioned;
    });
  }

  openRecord(key: Uint8Array, revision: number, sealed: Uint8Array): RecordText {
    const opened = openRecord(this.provisioned, key, revision, sealed);
    if (opened.name === HEAD_RECORD) this.heed(stateNamedBy(opened.value));
    return opened;
  }

  noteHead(revision: number, key: Uint8Array, sealed: Uint8Array): void {
    const { sequence, state } = readStoreHead(this.provisioned, revision, key, sealed);
    this.heed(state);
    this.head.note(this.provisioned, sequence);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#generating;
    this.#forgetIdentity();
    this.seal[Symbol.dispose]();
    await this.head.flush(this.#state);
    this.#cache[Symbol.dispose]();
    this.#state?.rootKeys[Symbol.dispose]();
    this.#state = undefined;
    this.engine[Symbol.dispose]();
  }
}
