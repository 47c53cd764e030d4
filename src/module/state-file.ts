// The module's sealed state: what it is and its root keys, behind a header that says by what it is sealed. Every process of
// the module reads the same file; ceremonies alone write it. No other file of the module depends on the seal.
import { createSecretKey, type KeyObject } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CryptoError } from '../crypto/protocol/messages.ts';
import {
  OLD_KEY_FILE,
  type Seal,
  type SealedState,
  type SealHeader,
  splitSealedState,
} from '../formats/seal-header.ts';
import { readIfThere } from './durable-file.ts';
import { decodeState, notAuthentic, type Provisioned, type StateContent } from './sealed-state.ts';

/** @throws CryptoError to leave everything as it was before the file was read */
export type Judge = (found: Provisioned | undefined, isLocked: boolean) => void;

interface Found {
  readonly header?: SealHeader;
  readonly state?: Provisioned;
  readonly opened?: Opened;
  readonly isLocked: boolean;
}

export interface Opened {
  readonly header: SealHeader;
  /** The header as it is in the file. */
  readonly bound: Buffer;
  readonly key: KeyObject;
}

const KEY_FILE = /^seal(-[0-9a-f]{16})?\.key$/;
const KEY_BYTES = 32;

export class StateFile {
  protected readonly folder: string;
  protected readonly path: string;
  /** By the key of a seal that is not the file seal. */
  protected opened: Opened | undefined;
  #header: SealHeader | undefined;
  #isLocked = false;

  constructor(folder: string) {
    this.folder = folder;
    this.path = join(folder, 'state.sealed');
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
    this.opened = opened;
    return state;
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
    this.opened = { header: stored.header, bound: Buffer.from(stored.bound), key };
    this.#header = stored.header;
    this.#isLocked = false;
    return state;
  }

  /** The seal key, for another process of this module; the caller overwrites it. @throws CryptoError BadRequest */
  exportKey(): Buffer {
    if (this.opened === undefined) throw new CryptoError('BadRequest', 'this seal needs no handing over');
    return this.opened.key.export();
  }

  /** Key files that seal nothing (any more), if the state that was read is the newest. */
  get spareKeyFiles(): readonly string[] {
    const seal = this.#header?.seal;
    if (seal === undefined || this.#isLocked) return [];
    return readdirSync(this.folder).filter(
      (name) => KEY_FILE.test(name) && (seal.kind !== 'file' || name !== seal.keyFile),
    );
  }

  protected fileKey(keyFile: string): KeyObject {
    let bytes: Buffer | undefined;
    try {
      bytes = readFileSync(join(this.folder, keyFile));
      if (bytes.length !== KEY_BYTES) throw new Error('wrong length');
      return createSecretKey(bytes);
    } catch (cause) {
      const what = `the key file of the module state, ${keyFile}, is missing or is no key`;
      throw new CryptoError('RecordRefused', what, { cause });
    } finally {
      bytes?.fill(0);
    }
  }

  #look(): Found {
    const stored = this.#read();
    if (stored === undefined) return { isLocked: false };
    const { header, bound } = stored;
    if (header === undefined || header.seal.kind === 'file') {
      const keyFile = header?.seal.kind === 'file' ? header.seal.keyFile : OLD_KEY_FILE;
      const state = decodeState(stored, this.fileKey(keyFile));
      return { state, header: header ?? headerOf(state, { kind: 'file', keyFile }), isLocked: false };
    }
    const { opened } = this;
    // Exchanged since it was opened: the old key is of no use any more.
    if (opened?.bound.equals(bound) !== true) return { header, isLocked: true };
    return { state: decodeState(stored, opened.key), header, opened, isLocked: false };
  }

  #read(): SealedState | undefined {
    const file = readIfThere(this.path);
    if (file === undefined) return undefined;
    try {
      return splitSealedState(file);
    } catch (cause) {
      throw notAuthentic(cause);
    }
  }
}

export function headerOf({ instanceId, instanceName }: StateContent, seal: Seal): SealHeader {
  return { instanceId, instanceName, seal };
}
