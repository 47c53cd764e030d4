// What opens a locked module. Secrets come in encrypted to this process's unlock key; a wrong one is counted, answered late,
// and changes nothing. Attempts are judged one at a time. The key's certificate also lies in the module's folder, where
// processes of the module alone write: so people's tools know it from one that somebody else shows them.
import type { KeyObject } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { CryptoError } from '../../crypto/protocol/messages.ts';
import { firstLine } from '../../formats/first-line.ts';
import { JweError } from '../../formats/jwe.ts';
import { decryptWithRsa } from '../../formats/jwe-rsa.ts';
import type { Seal, SealHeader } from '../../formats/seal-header.ts';
import { readShareList } from '../../formats/seal-shares.ts';
import { createDurable } from '../durable-file.ts';
import { passphraseKey } from './passphrase-seal.ts';
import { quorumKey, type Recipient } from './quorum-seal.ts';
import { certifyRecipient, makeRsaPair, thumbprintOf } from './rsa-recipient.ts';

export interface PassphraseSource {
  read(): Buffer;
  /** The file is not readable for this process any more. */
  close(): void;
}

export interface SealLockOptions {
  readonly folder: string;
  /** As the state file claims it. @throws CryptoError WrongState while blank */
  readonly header: () => SealHeader;
  /** Unix seconds; only ever written down. */
  readonly now: () => number;
  /** Milliseconds that the first wrong secret costs; each further one twice as long. */
  readonly wrongSecretDelay: number;
  readonly passphraseSource: PassphraseSource | undefined;
  /** @throws CryptoError SealRefused */
  readonly open: (key: KeyObject) => void;
}

export interface Unlocked {
  /** Whose shares opened a quorum seal: thumbprints. */
  readonly custodians: readonly string[];
}

type Opened = Unlocked & { readonly key: KeyObject };

/** Below the time after which a worker gives a silent process up, with the work before it. */
const LONGEST_DELAY_MS = 15_000;
const MOST_FAILURES = 1_000_000;

export class SealLock implements Disposable {
  readonly #options: SealLockOptions;
  #key: Promise<Recipient & { readonly certificate: Buffer }> | undefined;
  /** Where its certificate lies. */
  #shown: string | undefined;
  #failures = 0;
  #isJudging = false;

  constructor(options: SealLockOptions) {
    this.#options = options;
  }

  /** What may be known of a seal by anybody. @throws CryptoError WrongState while blank */
  show(): object {
    const { seal, instanceName } = this.#options.header();
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

  /** The certificate (DER) that secrets are encrypted to; the same until this process ends. */
  async unlockKey(): Promise<Buffer> {
    this.#key ??= this.#makeKey();
    return (await this.#key).certificate;
  }

  /** @param secret a JWE of the passphrase, or '' @throws CryptoError SealRefused, BadRequest, Busy */
  async unlock(recipient: string, secret: string, packets: unknown): Promise<Unlocked> {
    const key = await this.#key;
    if (key?.thumbprint !== recipient) {
      throw new CryptoError('BadRequest', 'recipient: is not the unlock certificate of this process');
    }
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

  /** With the passphrase in the file that this process was started with. @throws CryptoError */
  unlockFromFile(): Promise<Unlocked> {
    const source = this.#options.passphraseSource;
    if (source === undefined) throw new CryptoError('BadRequest', 'this process was given no file of a passphrase');
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

  [Symbol.dispose](): void {
    if (this.#shown !== undefined) rmSync(this.#shown, { force: true });
  }

  async #makeKey(): Promise<Recipient & { readonly certificate: Buffer }> {
    const { instanceName } = this.#options.header();
    const pair = await makeRsaPair();
    const certificate = certifyRecipient(pair, `unlock ${instanceName}`, this.#options.now());
    const thumbprint = thumbprintOf(certificate);
    this.#shown = join(this.#options.folder, `recipient-${thumbprint}.cer`);
    createDurable(this.#shown, certificate);
    return {
      certificate,
      thumbprint,
      decrypt: (jwe) => decryptWithRsa(pair.privateKey, jwe),
    };
  }

  async #judge(keyOf: (seal: Exclude<Seal, { readonly kind: 'file' }>) => Promise<Opened>): Promise<Unlocked> {
    if (this.#isJudging) throw new CryptoError('Busy', 'another attempt to unlock is under way');
    const { seal } = this.#options.header();
    if (seal.kind === 'file') throw new CryptoError('WrongState', 'the file seal opens by itself');
    this.#isJudging = true;
    try {
      const { key, custodians } = await keyOf(seal);
      this.#options.open(key);
      this[Symbol.dispose]();
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
}

function delay(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}

/** @throws CryptoError BadRequest */
function decrypted(key: Recipient, jwe: string): Buffer {
  try {
    return key.decrypt(jwe);
  } catch (cause) {
    if (!(cause instanceof JweError)) throw cause;
    throw new CryptoError('BadRequest', 'secret: is not encrypted to the unlock certificate', { cause });
  }
}
