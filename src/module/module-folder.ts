// What every process of the module does with its folder: reads the sealed state and never an older one after it, knows both
// witnesses, and is given the seal key by another process that has it.
import { createSecretKey, type KeyObject } from 'node:crypto';
import { badRequest, CryptoError, type ModuleState, type ReplyOf } from '../crypto/protocol/messages.ts';
import { NewestHead } from './newest-head.ts';
import { makeRecipientKey, type RecipientKey, sealToWaiting } from './recipient-key.ts';
import type { Provisioned } from './sealed-state.ts';
import { SignedCheckpoint } from './signed-checkpoint.ts';
import type { StateFile } from './state-file.ts';
import { requireSuccessor } from './state-rollback.ts';

export interface FolderOptions {
  readonly folder: string;
  /** Milliseconds between learning of a newer store head and writing it down. */
  readonly headDelay: number;
  /** Unix seconds; only ever written down, never decided upon. */
  readonly now: () => number;
}

export class ModuleFolder<F extends StateFile> {
  readonly folder: string;
  readonly head: NewestHead;
  readonly checkpoint: SignedCheckpoint;
  protected readonly file: F;
  readonly #now: () => number;
  #state: Provisioned | undefined;
  #recipient: RecipientKey | undefined;

  constructor({ folder, headDelay, now }: FolderOptions, file: F) {
    this.folder = folder;
    this.file = file;
    this.head = new NewestHead(folder, headDelay);
    this.checkpoint = new SignedCheckpoint(folder);
    this.#now = now;
  }

  get state(): ModuleState {
    return this.#state?.state ?? (this.file.isLocked ? 'locked' : 'blank');
  }

  /** @throws CryptoError WrongState while blank or locked */
  get provisioned(): Provisioned {
    if (this.#state === undefined) throw new CryptoError('WrongState', `the module is ${this.state}`);
    return this.#state;
  }

  get now(): number {
    return this.#now();
  }

  /** Size of the newest log that was signed, as far as is known. */
  get signedSize(): number {
    return Math.max(this.checkpoint.size, this.#state?.logFloor ?? 0);
  }

  /** Who this is, as far as it may be told. */
  hello({ name: engine, library }: { readonly name: string; readonly library: string }): ReplyOf<'hello'> {
    const own = this.#state;
    return {
      state: this.state,
      instanceId: own?.instanceId ?? '',
      engine,
      library,
      auditKey: own?.rootKeys.auditKey ?? NONE,
      domainKey: own?.state === 'active' ? own.rootKeys.domainKey : NONE,
      headSequence: this.head.sequence,
      signedSize: this.signedSize,
      seal: this.file.header?.seal.kind ?? '',
      generation: own?.generation ?? 0,
      digest: own?.digest ?? '',
      lineage: own?.lineage ?? [],
      isHeadWitnessed: Number(this.head.isWitnessed),
      isLogWitnessed: Number(this.checkpoint.isWitnessed),
      isToRenew: Number(own !== undefined && (own.generation === 0 || this.file.spareKeyFiles.length > 0)),
    };
  }

  /** Reads the files again. @throws CryptoError StateRefused, RecordRefused: everything is as it was before */
  reload(): void {
    const before = this.#state;
    const loaded = this.file.load((found, isLocked) => {
      if (before !== undefined) requireSuccessor(before, found, isLocked);
      if (found === undefined) return;
      this.head.load(found);
      this.checkpoint.load(found);
    });
    if (before !== undefined && loaded?.rootKeys.sameAs(before.rootKeys) === false) this.forgetKeys();
    this.#state = loaded;
    before?.rootKeys[Symbol.dispose]();
  }

  /** Whatever was opened with root keys that are not in use any more. */
  protected forgetKeys(): void {
    // Nothing here.
  }

  /** The key of this process that the seal key can be handed to: the same until it is unlocked or gone. */
  recipientKey(): Buffer {
    this.#recipient ??= makeRecipientKey(this.folder, this.now);
    return this.#recipient.show();
  }

  /** The seal key for another process that waits over the same folder. @throws CryptoError BadRequest */
  handOver(publicKey: Uint8Array): string {
    const secret = this.file.exportKey();
    try {
      return sealToWaiting(this.folder, publicKey, secret);
    } finally {
      secret.fill(0);
    }
  }

  /** What `handOver` of another process answered. @throws CryptoError BadRequest, SealRefused */
  takeOver(recipient: string, sealed: string): void {
    if (this.#recipient?.thumbprint !== recipient) {
      throw badRequest('recipient', 'is not the key of this process');
    }
    const secret = this.#recipient.open(sealed);
    try {
      this.openWith(createSecretKey(secret));
    } finally {
      secret.fill(0);
    }
  }

  /** Opens the seal. @throws CryptoError SealRefused */
  protected openWith(key: KeyObject): void {
    this.file.open(key).rootKeys[Symbol.dispose]();
    this.#recipient?.[Symbol.dispose]();
    this.#recipient = undefined;
    this.reload();
  }

  /** Root keys are of no use afterwards. */
  protected async close(): Promise<void> {
    this.#recipient?.[Symbol.dispose]();
    await this.head.flush(this.#state);
    this.#state?.rootKeys[Symbol.dispose]();
    this.#state = undefined;
  }
}

const NONE = new Uint8Array(0);
