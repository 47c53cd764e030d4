// The module that runs one ceremony and ends: it alone makes root keys, writes the state and judges what people bring. It
// remembers nothing, so it is told by an open partition what is in use, and begins from nothing older.
import type { KeyObject } from 'node:crypto';
import { badRequest, CryptoError, type RequestOf } from '../../crypto/protocol/messages.ts';
import type { SealHeader } from '../../formats/seal-header.ts';
import { identityPath } from '../attestation-identity.ts';
import { createDurable } from '../durable-file.ts';
import { ModuleFolder } from '../module-folder.ts';
import type { Provisioned, StateContent } from '../sealed-state.ts';
import {
  isBehind,
  openStateInUse,
  refuseBehind,
  requireLater,
  type StateInUse,
  stateRefused,
} from '../state-rollback.ts';
import { readStoreHead } from '../store-head.ts';
import { sealIdentity } from './make-identity.ts';
import { makeRootKeys } from './make-root-keys.ts';
import { makeSeal } from './make-seal.ts';
import { removeOldCustodians } from './old-custodians.ts';
import type { PassphraseSource } from './passphrase-seal.ts';
import { makeRsaPair } from './rsa-recipient.ts';
import { SealLock, type SealLockOptions } from './seal-lock.ts';
import { StateWriter, withCeremonyLock } from './state-writer.ts';
import { beginWitnesses, EMPTY_ROOT, witnessHead, witnessLog } from './witnesses.ts';

export interface CeremonyModuleOptions extends SealLockOptions {
  /** The instance is stopped, and its seal may be exchanged. */
  readonly mayChangeSeal?: boolean | undefined;
}

export class CeremonyModule extends ModuleFolder<StateWriter> implements AsyncDisposable {
  readonly seal: SealLock;
  readonly #mayChangeSeal: boolean;
  readonly #passphraseSource: PassphraseSource | undefined;
  /** What an open partition says of the state in use, sealed. */
  #inUse: Buffer | undefined;

  /** @throws CryptoError RecordRefused when the folder holds a state that is not authentic */
  constructor(options: CeremonyModuleOptions) {
    super({ ...options, headDelay: 0 }, new StateWriter(options.folder));
    this.#mayChangeSeal = options.mayChangeSeal ?? false;
    this.#passphraseSource = options.passphraseSource;
    this.seal = new SealLock(
      options,
      () => this.#header(),
      (key) => this.openWith(key),
    );
    this.reload();
  }

  /** However it was opened: what strangers made is read with that door shut. @throws CryptoError SealRefused */
  protected override openWith(key: KeyObject): void {
    super.openWith(key);
    this.#passphraseSource?.close();
  }

  /** @throws CryptoError StateRefused when the files are not what is in use, or came of it */
  noteState(sealed: Uint8Array): void {
    this.#inUse = Buffer.from(sealed);
    this.#requireInUse();
  }

  /** Runs `work` on the newest state, while no other ceremony runs. @throws CryptoError StateRefused */
  locked<T>(work: (state: Provisioned) => T): T {
    return withCeremonyLock(this.folder, () => {
      this.reload();
      this.#requireInUse();
      return work({ ...this.provisioned, settled: this.file.settledIn(this.provisioned) });
    });
  }

  /** Writes the next state of the same instance, and reads it again; durable when it returns. */
  replace(state: StateContent): void {
    this.#witnessOld();
    this.file.replace(this.#next(state));
    removeOldCustodians(this.folder);
    this.reload();
  }

  provision(instanceId: string, instanceName: string): void {
    if (!/^[0-9A-Za-z._-]{1,128}$/.test(instanceId)) throw badRequest('instanceId', 'wrong form');
    if (!/^[0-9A-Za-z-]{1,127}$/.test(instanceName)) throw badRequest('instanceName', 'wrong form');
    using rootKeys = makeRootKeys();
    const made = withCeremonyLock(this.folder, () => {
      if (this.file.exists) return false;
      const first: StateContent = {
        state: 'provisioned',
        instanceId,
        instanceName,
        createdAt: this.now,
        generation: 1,
        lineage: [''],
        settled: undefined,
        headFloor: 0,
        logFloor: 0,
        rootKeys,
      };
      // Before there is a state: where one is and they are not, they were deleted.
      beginWitnesses(this.folder, first);
      return this.file.create(first);
    });
    this.reload();
    if (!made) throw new CryptoError('WrongState', 'the module was provisioned meanwhile');
  }

  /**
   * The service has found store and log not to know of a newer state: one of a version before is written in the present
   * form, and keys that seal nothing any more are gone.
   */
  renew(): void {
    this.locked((state) => {
      if (state.generation === 0) this.replace(state);
      this.file.wipeSpareKeys();
    });
  }

  /** Makes witnesses that are missing, of what their owner has accepted: this head, and a log of this size and root. */
  witness({ revision, key, sealed, size, root }: RequestOf<'witness'>): void {
    if (root.length !== 32) throw badRequest('root', 'is not a SHA-256 hash');
    this.locked((own) => {
      const head = readStoreHead(own, revision, key, sealed);
      if (isBehind(own, head.state)) refuseBehind(own, head.state);
      const { headFloor, logFloor } = this.#floors();
      if (head.sequence < headFloor || size < logFloor) {
        throw new CryptoError('RecordRefused', 'the store or the log is older than what the module has seen');
      }
      witnessHead(this.folder, own, head);
      witnessLog(this.folder, own, size, root);
    });
  }

  /** Unless there is one: another worker may have been first. */
  async makeIdentity(): Promise<void> {
    const pair = await makeRsaPair();
    this.locked((state) => createDurable(identityPath(this.folder), sealIdentity(state, pair)));
  }

  /** @throws CryptoError SealRefused in a process of a service worker; BadRequest */
  async changeSeal(sealRequest: RequestOf<'changeSeal'>): Promise<void> {
    if (!this.#mayChangeSeal) {
      throw new CryptoError(
        'SealRefused',
        'the seal is changed while the instance is stopped, by a partition for that alone',
      );
    }
    const { seal, key } = await makeSeal(this.folder, this.provisioned, sealRequest);
    this.locked((state) => {
      this.#witnessOld();
      this.file.reseal(this.#next(state), seal, key);
      removeOldCustodians(this.folder);
      // Read as every other process will.
      this.reload();
    });
  }

  #header(): SealHeader {
    const { header } = this.file;
    if (header === undefined) throw new CryptoError('WrongState', 'the module is blank');
    return header;
  }

  #requireInUse(): StateInUse {
    if (this.#inUse === undefined) throw stateRefused('the ceremony was not told which state is in use');
    const inUse = openStateInUse(this.provisioned, this.#inUse);
    requireLater(inUse, this.provisioned);
    return inUse;
  }

  /** Versions before made the witnesses when they were first needed. */
  #witnessOld(): void {
    if (this.provisioned.generation > 0) return;
    witnessHead(this.folder, this.provisioned, { sequence: this.#floors().headFloor, hash: '' });
    witnessLog(this.folder, this.provisioned, 0, EMPTY_ROOT);
  }

  #next(state: StateContent): StateContent {
    const { generation, lineage, digest } = this.provisioned;
    return { ...state, generation: generation + 1, lineage: [...lineage, digest], ...this.#floors() };
  }

  /** What is known of both witnesses, here or by the partition. */
  #floors(): Pick<StateContent, 'headFloor' | 'logFloor'> {
    const { headFloor, logFloor } = this.#requireInUse();
    return { headFloor: Math.max(this.head.sequence, headFloor), logFloor: Math.max(this.signedSize, logFloor) };
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.seal[Symbol.dispose]();
    return this.close();
  }
}
