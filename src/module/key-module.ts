// The module that serves: its opened keys, and one method for each message that touches them. It has no policy and no clock
// of its own authority; who may ask is settled before a message gets here. It never writes the state: ceremonies do.
import type { Engine, EngineKey, Generated, OperationInputs, OperationResult } from '../crypto/engines/engine.ts';
import { badRequest, CryptoError, type PublicKey, type RequestOf } from '../crypto/protocol/messages.ts';
import { type Algorithm, algorithmByCode, operationByCode, operations } from '../formats/algorithms.ts';
import { type AttestationIdentity, openAttestationIdentity } from './attestation-identity.ts';
import { checkBinding, checkNewBinding, checkRebinding } from './key-binding.ts';
import { sealKey, withKeyMaterial } from './key-blobs.ts';
import { KeyCache } from './key-cache.ts';
import { readKeySpec } from './key-spec.ts';
import { type FolderOptions, ModuleFolder } from './module-folder.ts';
import { openRecord, type RecordText } from './records.ts';
import { StateFile } from './state-file.ts';
import { isBehind, type NamedState, refuseBehind, sealStateInUse, stateRefused } from './state-rollback.ts';
import { HEAD_RECORD, type HeadText, readStoreHead, sealHead, stateNamedBy } from './store-head.ts';

interface MadeKey {
  readonly publicKey: PublicKey;
  readonly blob: Buffer;
}

export interface KeyModuleOptions extends FolderOptions {
  readonly engine: Engine;
  /** Opened keys kept at most. */
  readonly cacheSize: number;
}

export class KeyModule extends ModuleFolder<StateFile> implements AsyncDisposable {
  readonly engine: Engine;
  readonly #cacheSize: number;
  #cache: KeyCache;
  #generating: Promise<unknown> = Promise.resolve();
  #identity: AttestationIdentity | undefined;

  /** @throws CryptoError RecordRefused when the folder holds a state that is not authentic */
  constructor(options: KeyModuleOptions) {
    super(options, new StateFile(options.folder));
    this.engine = options.engine;
    this.#cacheSize = options.cacheSize;
    this.#cache = new KeyCache(options.cacheSize);
    this.reload();
  }

  protected override forgetKeys(): void {
    this.#cache[Symbol.dispose]();
    this.#cache = new KeyCache(this.#cacheSize);
    this.#identity?.[Symbol.dispose]();
    this.#identity = undefined;
  }

  /** For a ceremony; read anew, since one that begins from what is in use must not be refused afterwards. */
  stateInUse(): Buffer {
    this.reload();
    return sealStateInUse(this.provisioned, this.head.sequence, this.signedSize);
  }

  /**
   * What something sealed says of the state under which it was sealed. One that is newer than this module's was made by
   * another partition, or older files were put back. @throws CryptoError StateRefused
   */
  judgeState(named: NamedState): void {
    if (!isBehind(this.provisioned, named)) return;
    try {
      this.reload();
    } catch (cause) {
      throw stateRefused(cause instanceof Error ? cause.message : 'the module state cannot be read', { cause });
    }
    if (isBehind(this.provisioned, named)) refuseBehind(this.provisioned, named);
  }

  createKey(asked: RequestOf<'createKey'>): MadeKey | Promise<MadeKey> {
    const checked = checkNewBinding(asked.binding);
    const spec = readKeySpec(checked.kty, asked);
    const sealed = ({ key, material }: Generated): MadeKey => {
      try {
        return { publicKey: key.publicKey, blob: sealKey(this.provisioned, checked, material) };
      } finally {
        material.fill(0);
        key[Symbol.dispose]();
      }
    };
    // One at a time: an RSA key is seconds of a core, and the other core serves. What is quick does not wait behind it.
    if (spec.kty === 'RSA-HSM') {
      const generated = this.#generating.then(() => this.engine.generate(spec));
      this.#generating = generated.catch(() => undefined);
      return generated.then(sealed);
    }
    const generated = this.engine.generate(spec);
    return generated instanceof Promise ? generated.then(sealed) : sealed(generated);
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
    if (operation === undefined) throw badRequest('operation', 'unknown');
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

  /** @throws CryptoError IdentityMissing, RecordRefused */
  get attestationIdentity(): AttestationIdentity {
    this.#identity ??= openAttestationIdentity(this.folder, this.provisioned, this.engine);
    return this.#identity;
  }

  sealHead(head: HeadText): ReturnType<typeof sealHead> {
    const signedLog = Math.max(this.checkpoint.known, this.provisioned.logFloor);
    return sealHead(this.provisioned, head, signedLog, (named) => {
      this.judgeState(named);
      return this.provisioned;
    });
  }

  openRecord(key: Uint8Array, revision: number, sealed: Uint8Array): RecordText {
    const opened = openRecord(this.provisioned, key, revision, sealed);
    if (opened.name === HEAD_RECORD) this.judgeState(stateNamedBy(opened.value));
    return opened;
  }

  noteHead(revision: number, key: Uint8Array, sealed: Uint8Array): void {
    const head = readStoreHead(this.provisioned, revision, key, sealed);
    this.judgeState(head.state);
    this.head.note(this.provisioned, head);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#generating;
    this.#identity?.[Symbol.dispose]();
    await this.close();
    this.#cache[Symbol.dispose]();
  }
}
