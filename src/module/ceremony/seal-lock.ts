// What opens a locked module. Secrets come in encrypted to this process's unlock key; a wrong one is counted, answered late,
// and changes nothing. Attempts are judged one at a time. The key's certificate also lies in the module's folder, where
// processes of the module alone write: so people's tools know it from one that somebody else shows them.
import type { KeyObject } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { badRequest, CryptoError, type ReplyOf } from '../../crypto/protocol/messages.ts';
import { sha256url } from '../../formats/base64url.ts';
import { firstLine } from '../../formats/first-line.ts';
import { JweError } from '../../formats/jwe.ts';
import { decryptWithRsa } from '../../formats/jwe-rsa.ts';
import { orThrow } from '../../formats/refusal.ts';
import type { Seal, SealHeader } from '../../formats/seal-header.ts';
import { readShareList } from '../../formats/seal-shares.ts';
import { createDurable } from '../durable-file.ts';
import type { FolderOptions } from '../module-folder.ts';
import { type PassphraseSource, passphraseKey } from './passphrase-seal.ts';
import { quorumKey, type Recipient } from './quorum-seal.ts';
import { certifyRecipient, makeRsaPair } from './rsa-recipient.ts';

export interface SealLockOptions extends Omit<FolderOptions, 'headDelay'> {
  /** Milliseconds that the first wrong secret of a seal costs; each further one twice as long. */
  readonly wrongSecretDelay?: number | undefined;
  /** Where the passphrase of the seal may be read. */
  readonly passphraseSource?: PassphraseSource | undefined;
}

type Unlocked = ReplyOf<'unlock'>;
type Opened = Unlocked & { readonly key: KeyObject };

/** Below the time after which a worker gives a silent process up, with the work before it. */
const LONGEST_DELAY_MS = 15_000;
const MOST_FAILURES = 1_000_000;
const delay = promisify(setTimeout);

export class SealLock implements Disposable {
  readonly #options: SealLockOptions;
  readonly #header: () => SealHeader;
  readonly #open: (key: KeyObject) => void;
  #key: Promise<Recipient & { readonly certificate: Buffer }> | undefined;
  /** Where its certificate lies. */
  #shown: string | undefined;
  #failures = 0;
  #isJudging = false;

  /**
   * @param header as the state file claims it; throws CryptoError WrongState while blank
   * @param open throws CryptoError SealRefused
   */
  constructor(options: SealLockOptions, header: () => SealHeader, open: (key: KeyObject) => void) {
    this.#options = options;
    this.#header = header;
    this.#open = open;
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
    const custodians = shares.map(({ x5t_256 }) => x5t_256);
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
      throw badRequest('recipient', 'is not the unlock certificate of this process');
    }
    return this.#judge(async (seal) => {
      if (seal.kind === 'quorum') return quorumKey(seal, packets, key);
      if (secret === '') throw badRequest('secret', 'this seal opens with a passphrase');
      const passphrase = orThrow(
        () => key.decrypt(secret),
        (cause) => new CryptoError('BadRequest', 'secret: is not encrypted to the unlock certificate', { cause }),
        JweError,
      );
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
    const { instanceName } = this.#header();
    const pair = await makeRsaPair();
    const certificate = certifyRecipient(pair, `unlock ${instanceName}`, this.#options.now());
    const thumbprint = sha256url(certificate);
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
    const { seal } = this.#header();
    if (seal.kind === 'file') throw new CryptoError('WrongState', 'the file seal opens by itself');
    this.#isJudging = true;
    try {
      const { key, custodians } = await keyOf(seal);
      this.#open(key);
      this[Symbol.dispose]();
      return { custodians };
    } catch (error) {
      if (error instanceof CryptoError && error.code === 'SealRefused') {
        this.#failures = Math.min(this.#failures + 1, MOST_FAILURES);
        const { wrongSecretDelay = 1000 } = this.#options;
        await delay(Math.min(wrongSecretDelay * 2 ** Math.min(this.#failures - 1, 30), LONGEST_DELAY_MS));
      }
      throw error;
    } finally {
      this.#isJudging = false;
    }
  }
}
