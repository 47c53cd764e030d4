// The module's sealed state: what it is and its root keys, behind a header that says by what it is sealed. Only ceremonies
// write it; every partition of every worker reads the same file. No other file of the module depends on the seal.
import type { KeyObject } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CryptoError } from '../crypto/protocol/messages.ts';
import {
  encodeSealHeader,
  OLD_KEY_FILE,
  type Seal,
  type SealedState,
  type SealHeader,
  splitSealedState,
} from '../formats/seal-header.ts';
import { createDurable, replaceDurable } from './durable-file.ts';
import { ensureFileSeal, keepKeyFile, loadFileSeal, wipeKeyFiles } from './file-seal.ts';
import { readOldCustodians } from './old-custodians.ts';
import type { RootKeys } from './root-keys.ts';
import { decodeState, digestOf, notAuthentic, sealState } from './sealed-state.ts';

/** Over whom the security domain is split, and how many of them are needed. */
export interface Settled {
  readonly required: number;
  /** SHA-256 of each certificate, base64url, sorted. */
  readonly thumbprints: readonly string[];
}

export interface StateContent {
  readonly state: 'provisioned' | 'active';
  readonly instanceId: string;
  readonly instanceName: string;
  /** Unix seconds. */
  readonly createdAt: number;
  /** One more with each write; 0 of a file of a version before. */
  readonly generation: number;
  /** The digest of each generation before, by its number; '' for what there was before the first. */
  readonly lineage: readonly string[];
  readonly settled: Settled | undefined;
  /** What had been witnessed at least when it was written: the newest store head, and the size of the newest signed log. */
  readonly headFloor: number;
  readonly logFloor: number;
  readonly rootKeys: RootKeys;
}

/** As it was read. */
export interface Provisioned extends StateContent {
  /** Of all of it but the secrets. */
  readonly digest: string;
}

/** @throws CryptoError to leave everything as it was before the file was read */
export type Judge = (found: Provisioned | undefined, isLocked: boolean) => void;

interface Found {
  readonly header?: SealHeader;
  readonly state?: Provisioned;
  readonly opened?: Opened;
  readonly isLocked: boolean;
}

interface Opened {
  readonly header: SealHeader;
  /** The header as it is in the file. */
  readonly bound: Buffer;
  readonly key: KeyObject;
}

/** Of a state that no header tells it of. */
const FIRST_SEAL: Seal = { kind: 'file', keyFile: OLD_KEY_FILE };

export class StateFile {
  readonly #folder: string;
  readonly #path: string;
  #opened: Opened | undefined;
  #header: SealHeader | undefined;
  #isLocked = false;

  constructor(folder: string) {
    this.#folder = folder;
    this.#path = join(folder, 'state.sealed');
  }

  get exists(): boolean {
    return existsSync(this.#path);
  }

  /** As it was when last looked at; while locked nothing but a claim. */
  get header(): SealHeader | undefined {
    return this.#header;
  }

  /** There is a state, and its key has to come from outside. */
  get isLocked(): boolean {
    return this.#isLocked;
  }

  /**
   * `undefined` while blank, and while locked.
   * @throws CryptoError RecordRefused when the file is not what a module wrote here; what `judge` throws
   */
  load(judge: Judge = () => undefined): Provisioned | undefined {
    const { state, header, opened, isLocked } = this.#look();
    try {
      judge(state, isLocked);
    } catch (error) {
      state?.rootKeys[Symbol.dispose]();
      throw error;
    }
    this.#isLocked = isLocked;
    this.#header = header;
    this.#opened = opened;
    return state;
  }

  /** Of a state that was judged the newest: to an older one, put back, the key of the newer one would be a spare one, too. */
  wipeSpareKeys(): void {
    const seal = this.#header?.seal;
    if (seal === undefined || this.#isLocked) return;
    wipeKeyFiles(this.#folder, (name) => seal.kind !== 'file' || name !== seal.keyFile);
  }

  /** Opens a locked state; from then on `load` does by itself. @throws CryptoError SealRefused when it is another key */
  open(key: KeyObject): Provisioned {
    const stored = this.#read();
    if (stored?.header === undefined) throw new CryptoError('SealRefused', 'the sealed state was exchanged meanwhile');
    let state: Provisioned;
    try {
      state = decodeState(stored, key);
    } catch (cause) {
      throw new CryptoError('SealRefused', 'the secret does not open the seal', { cause });
    }
    this.#opened = { header: stored.header, bound: Buffer.from(stored.bound), key };
    this.#header = stored.header;
    this.#isLocked = false;
    return state;
  }

  /** The seal key, for another partition of this module; the caller overwrites it. @throws CryptoError BadRequest */
  exportKey(): Buffer {
    if (this.#opened === undefined) throw new CryptoError('BadRequest', 'this seal needs no handing over');
    return this.#opened.key.export();
  }

  /** Writes the first state; durable when it returns. @returns false when another partition was first */
  create(state: StateContent): boolean {
    const { keyFile, key } = ensureFileSeal(this.#folder);
    return createDurable(this.#path, sealState(state, headerOf(state, { kind: 'file', keyFile }), key));
  }

  /** The same seal. Durable when it returns. */
  replace(state: StateContent): void {
    const seal = this.#header?.seal ?? FIRST_SEAL;
    const key = seal.kind === 'file' ? this.#fileKey(seal.keyFile) : this.#opened?.key;
    if (key === undefined) throw new CryptoError('WrongState', 'the module is locked');
    const header = this.#opened?.header ?? headerOf(state, seal);
    replaceDurable(this.#path, sealState(state, header, key));
  }

  /** Another seal, in one step: before it the state opens with the old key, after it with the new one. */
  reseal(state: StateContent, seal: Seal, key: KeyObject): void {
    const header = headerOf(state, seal);
    const before = this.#header?.seal ?? FIRST_SEAL;
    replaceDurable(this.#path, sealState(state, header, key));
    this.#opened = seal.kind === 'file' ? undefined : { header, bound: encodeSealHeader(header), key };
    this.#header = header;
    if (seal.kind === 'file') keepKeyFile(this.#folder, seal.keyFile, key);
    if (before.kind === 'file') wipeKeyFiles(this.#folder, (name) => name === before.keyFile);
  }

  #look(): Found {
    const stored = this.#read();
    if (stored === undefined) return { isLocked: false };
    const { header, bound } = stored;
    if (header === undefined || header.seal.kind === 'file') {
      const keyFile = header?.seal.kind === 'file' ? header.seal.keyFile : OLD_KEY_FILE;
      const key = this.#fileKey(keyFile);
      const state = this.#decode(stored, key, keyFile === OLD_KEY_FILE ? key : undefined);
      const shown = header ?? headerOf(state, { kind: 'file', keyFile });
      return { state, header: shown, isLocked: false };
    }
    const opened = this.#opened;
    // Exchanged since it was opened: the old key is of no use any more.
    if (opened?.bound.equals(bound) !== true) return { header, isLocked: true };
    return { state: this.#decode(stored, opened.key, undefined), header, opened, isLocked: false };
  }

  /** @param fileKey the key is that of the key file of versions before */
  #decode(stored: SealedState, key: KeyObject, fileKey: KeyObject | undefined): Provisioned {
    const state = decodeState(stored, key);
    if (state.generation > 0) return state;
    const whole = { ...state, settled: readOldCustodians(this.#folder, state, fileKey) };
    return { ...whole, digest: digestOf(whole) };
  }

  #read(): SealedState | undefined {
    let file: Buffer;
    try {
      file = readFileSync(this.#path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
    try {
      return splitSealedState(file);
    } catch (cause) {
      throw notAuthentic(cause);
    }
  }

  #fileKey(keyFile: string): KeyObject {
    try {
      return loadFileSeal(join(this.#folder, keyFile));
    } catch (cause) {
      const what = `the key file of the module state, ${keyFile}, is missing or is no key`;
      throw new CryptoError('RecordRefused', what, { cause });
    }
  }
}

function headerOf({ instanceId, instanceName }: StateContent, seal: Seal): SealHeader {
  return { instanceId, instanceName, seal };
}
