// What opens a locked module, and what changes its seal. Secrets come in encrypted to this partition's unlock key; a wrong
// one is counted, answered late, and changes nothing. Attempts are judged one at a time.
import { createSecretKey, type KeyObject } from 'node:crypto';
import { CryptoError } from '../crypto/protocol/messages.ts';
import { JweError } from '../formats/jwe.ts';
import type { Seal } from '../formats/seal-header.ts';
import { readShareList } from '../formats/seal-shares.ts';
import { passphraseKey } from './passphrase-seal.ts';
import { quorumKey } from './quorum-seal.ts';
import type { StateFile } from './state-file.ts';
import { encryptToWaiting, makeUnlockKey, type UnlockKey } from './unlock-key.ts';

export interface PassphraseSource {
  read(): Buffer;
  /** The file is not readable for this process any more. */
  close(): void;
}

export interface SealLockOptions {
  readonly folder: string;
  readonly file: StateFile;
  /** Unix seconds; only ever written down. */
  readonly now: () => number;
  /** Milliseconds that the first wrong secret costs; each further one twice as long. */
  readonly wrongSecretDelay: number;
  readonly passphraseSource: PassphraseSource | undefined;
  /** The state file opens by itself from now on. */
  readonly opened: () => void;
}

export interface Unlocked {
  /** Whose shares opened a quorum seal: thumbprints. */
  readonly custodians: readonly string[];
}

/** Below the time after which a worker gives a silent partition up, with the work before it. */
const LONGEST_DELAY_MS = 15_000;
const MOST_FAILURES = 1_000_000;

export class SealLock implements Disposable {
  readonly #options: SealLockOptions;
  #key: UnlockKey | undefined;
  #failures = 0;
  #isJudging = false;

  constructor(options: SealLockOptions) {
    this.#options = options;
  }

  /** What may be known of a seal by anybody. @throws CryptoError WrongState while blank */
  show(): object {
    const { seal, instanceName } = this.#header();
    const failures = this.#failures;
    const hasPassphraseFile = this.#options.passphraseSource !== undefined;
    if (seal.kind === 'file') return { kind: seal.kind, instanceName };
    if (seal.kind === 'passphrase') {
      const { kind, memory, passes, lanes } = seal;
      return { kind, instanceName, memory, passes, lanes, failures, hasPassphraseFile };
    }
    const { required, shares } = readShareList(seal.shares);
    const custodians = shares.map(({ thumbprint }) => thumbprint);
    return { kind: seal.kind, instanceName, required, custodians, shares: seal.shares, failures };
  }

  /** The certificate (DER) that secrets are encrypted to; the same until this partition is unlocked or gone. */
  unlockKey(): Buffer {
    this.#key ??= makeUnlockKey(this.#options.folder, this.#header().instanceName, this.#options.now());
    return this.#key.certificate;
  }

  /** @param secret a JWE of the passphrase, or '' @throws CryptoError SealRefused, BadRequest, Busy */
  unlock(recipient: string, secret: string, packets: unknown): Promise<Unlocked> {
    const key = this.#recipient(recipient);
    return this.#judge(async (seal) => {
      if (seal.kind === 'quorum') return quorumKey(seal, packets, key);
      if (secret === '') throw new CryptoError('BadRequest', 'secret: this seal opens with a passphrase');
      const passphrase = decrypted(key, secret);
      try {
        return { key: await passphraseKey(seal, passphrase), custodians: [] };
      } finally {
        passphrase.fill(0);
      }
    });
  }

  /** With the passphrase in the file that this partition was started with. @throws CryptoError */
  unlockFromFile(): Promise<Unlocked> {
    const source = this.#options.passphraseSource;
    if (source === undefined) throw new CryptoError('BadRequest', 'this partition was given no file of a passphrase');
    return this.#judge(async (seal) => {
      if (seal.kind !== 'passphrase') throw new CryptoError('BadRequest', 'a passphrase does not open this seal');
      let content: Buffer;
      try {
        content = source.read();
      } catch (cause) {
        throw new CryptoError('BadRequest', 'the file of the passphrase cannot be read', { cause });
      }
      try {
        return { key: await passphraseKey(seal, firstLine(content)), custodians: [] };
      } finally {
        content.fill(0);
      }
    });
  }

  /** The seal key for another partition that waits over the same folder. @throws CryptoError BadRequest */
  handOver(certificate: Uint8Array): string {
    const secret = this.#options.file.exportKey();
    try {
      return encryptToWaiting(this.#options.folder, certificate, secret);
    } finally {
      secret.fill(0);
    }
  }

  /** What `handOver` of another partition answered. @throws CryptoError BadRequest, SealRefused */
  takeOver(recipient: string, sealed: string): void {
    const secret = decrypted(this.#recipient(recipient), sealed);
    try {
      this.#open(createSecretKey(secret));
    } finally {
      secret.fill(0);
    }
  }

  [Symbol.dispose](): void {
    this.#key?.[Symbol.dispose]();
    this.#key = undefined;
  }

  async #judge(
    keyOf: (
      seal: Exclude<Seal, { readonly kind: 'file' }>,
    ) => Promise<Unlocked & { readonly key: KeyObject }> | (Unlocked & { readonly key: KeyObject }),
  ): Promise<Unlocked> {
    if (this.#isJudging) throw new CryptoError('Busy', 'another attempt to unlock is under way');
    const { seal } = this.#header();
    if (seal.kind === 'file') throw new CryptoError('WrongState', 'the file seal opens by itself');
    this.#isJudging = true;
    try {
      const { key, custodians } = await keyOf(seal);
      this.#open(key);
      return { custodians };
    } catch (error) {
      if (error instanceof CryptoError && error.code === 'SealRefused') {
        this.#failures = Math.min(this.#failures + 1, MOST_FAILURES);
        await delay(Math.min(this.#options.wrongSecretDelay * 2 ** Math.min(this.#failures - 1, 30), LONGEST_DELAY_MS));
      }
      throw error;
    } finally {
      this.#isJudging = false;
    }
  }

  #open(key: KeyObject): void {
    this.#options.file.open(key).rootKeys[Symbol.dispose]();
    this[Symbol.dispose]();
    this.#options.passphraseSource?.close();
    this.#options.opened();
  }

  #recipient(thumbprint: string): UnlockKey {
    if (this.#key?.thumbprint === thumbprint) return this.#key;
    throw new CryptoError('BadRequest', 'recipient: is not the unlock certificate of this partition');
  }

  #header(): NonNullable<StateFile['header']> {
    const { header } = this.#options.file;
    if (header === undefined) throw new CryptoError('WrongState', 'the module is blank');
    return header;
  }
}

function delay(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}

/** @throws CryptoError BadRequest */
function decrypted(key: UnlockKey, jwe: string): Buffer {
  try {
    return key.decrypt(jwe);
  } catch (cause) {
    if (!(cause instanceof JweError)) throw cause;
    throw new CryptoError('BadRequest', 'secret: is not encrypted to the unlock certificate', { cause });
  }
}

function firstLine(content: Buffer): Buffer {
  const end = content.findIndex((byte) => byte === 0x0a || byte === 0x0d);
  return end === -1 ? content : content.subarray(0, end);
}
