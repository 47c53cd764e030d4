// The module's sealed state: what it is and its root keys, behind a header that says by what it is sealed. Only ceremonies
// write it; every partition of every worker reads the same file. No other file of the module depends on the seal.
import type { KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Fields, fields } from '../../formats/fields.ts';
import {
  encodeSealHeader,
  OLD_KEY_FILE,
  type Seal,
  type SealedState,
  type SealHeader,
  splitSealedState,
} from '../../formats/seal-header.ts';
import { CryptoError } from '../protocol/messages.ts';
import { createDurable, replaceDurable } from './durable-file.ts';
import { ensureFileSeal, keepKeyFile, loadFileSeal, wipeKeyFiles } from './file-seal.ts';
import { RootKeys } from './root-keys.ts';
import { openBox, sealBox } from './sealed-box.ts';

export interface Provisioned {
  readonly state: 'provisioned' | 'active';
  readonly instanceId: string;
  readonly instanceName: string;
  /** Unix seconds. */
  readonly createdAt: number;
  readonly rootKeys: RootKeys;
}

const layout: Fields<{
  version: 'u8';
  state: 'text';
  instanceId: 'text';
  instanceName: 'text';
  createdAt: 'u64';
  rootKeys: 'bytes';
}> = fields({
  version: 'u8',
  state: 'text',
  instanceId: 'text',
  instanceName: 'text',
  createdAt: 'u64',
  rootKeys: 'bytes',
});

const CONTEXT = Buffer.from('strongroom module state v1');
/** What follows is the header, as it is in the file. */
const HEADER_CONTEXT = Buffer.from('strongroom module state v2\n');

interface Opened {
  readonly header: SealHeader;
  /** The header as it is in the file. */
  readonly bound: Buffer;
  readonly key: KeyObject;
}

export class StateFile {
  readonly #folder: string;
  readonly #path: string;
  #opened: Opened | undefined;
  #header: SealHeader | undefined;
  #oldKey: KeyObject | undefined;
  #isLocked = false;

  constructor(folder: string) {
    this.#folder = folder;
    this.#path = join(folder, 'state.sealed');
  }

  /** As it was when last looked at; while locked nothing but a claim. */
  get header(): SealHeader | undefined {
    return this.#header;
  }

  /** What opened the state last, if that is the key file of older versions, which sealed other files with it too. */
  get oldKey(): KeyObject | undefined {
    return this.#oldKey;
  }

  /** There is a state, and its key has to come from outside. */
  get isLocked(): boolean {
    return this.#isLocked;
  }

  /**
   * `undefined` while blank, and while locked.
   * @throws CryptoError RecordRefused when the file is not what a module wrote here
   */
  load(): Provisioned | undefined {
    this.#isLocked = false;
    this.#header = undefined;
    this.#oldKey = undefined;
    const stored = this.#read();
    if (stored === undefined) return undefined;
    const { header, bound } = stored;
    this.#header = header;
    if (header === undefined || header.seal.kind === 'file') {
      const keyFile = header?.seal.kind === 'file' ? header.seal.keyFile : OLD_KEY_FILE;
      const key = this.#fileKey(keyFile);
      const state = decodeState(stored, key);
      if (keyFile === OLD_KEY_FILE) this.#oldKey = key;
      if (header !== undefined) wipeKeyFiles(this.#folder, keyFile);
      this.#header = header ?? headerOf(state, { kind: 'file', keyFile });
      return state;
    }
    // Exchanged since it was opened: the old key is of no use any more.
    if (this.#opened !== undefined && !this.#opened.bound.equals(bound)) this.#opened = undefined;
    if (this.#opened !== undefined) {
      const state = decodeState(stored, this.#opened.key);
      wipeKeyFiles(this.#folder, undefined);
      return state;
    }
    this.#isLocked = true;
    return undefined;
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
  create(state: Provisioned): boolean {
    const { keyFile, key } = ensureFileSeal(this.#folder);
    return createDurable(this.#path, sealState(state, headerOf(state, { kind: 'file', keyFile }), key));
  }

  /** The same seal. Durable when it returns. */
  replace(state: Provisioned): void {
    const seal = this.#header?.seal ?? { kind: 'file', keyFile: OLD_KEY_FILE };
    const key = seal.kind === 'file' ? this.#fileKey(seal.keyFile) : this.#opened?.key;
    if (key === undefined) throw new CryptoError('WrongState', 'the module is locked');
    const header = this.#opened?.header ?? headerOf(state, seal);
    replaceDurable(this.#path, sealState(state, header, key));
  }

  /** Another seal, in one step: before it the state opens with the old key, after it with the new one. */
  reseal(state: Provisioned, seal: Seal, key: KeyObject): void {
    const header = headerOf(state, seal);
    replaceDurable(this.#path, sealState(state, header, key));
    this.#opened = seal.kind === 'file' ? undefined : { header, bound: encodeSealHeader(header), key };
    this.#header = header;
    if (seal.kind === 'file') keepKeyFile(this.#folder, seal.keyFile, key);
    wipeKeyFiles(this.#folder, seal.kind === 'file' ? seal.keyFile : undefined);
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
      throw notAuthentic(cause);
    }
  }
}

function headerOf({ instanceId, instanceName }: Provisioned, seal: Seal): SealHeader {
  return { instanceId, instanceName, seal };
}

function contextOf(bound: Buffer): Buffer {
  return bound.length === 0 ? CONTEXT : Buffer.concat([HEADER_CONTEXT, bound]);
}

/** @throws CryptoError RecordRefused */
function decodeState({ header, bound, box }: SealedState, key: KeyObject): Provisioned {
  let plaintext: Buffer | undefined;
  try {
    plaintext = openBox(key, contextOf(bound), box);
    const { version, state, rootKeys, ...rest } = layout.decode(plaintext);
    if (version !== 1 || (state !== 'provisioned' && state !== 'active')) throw new Error('unknown state');
    if (header !== undefined && (header.instanceId !== rest.instanceId || header.instanceName !== rest.instanceName)) {
      throw new Error('the header is of another instance');
    }
    return { ...rest, state, rootKeys: new RootKeys(Buffer.from(rootKeys)) };
  } catch (cause) {
    throw notAuthentic(cause);
  } finally {
    plaintext?.fill(0);
  }
}

function sealState({ rootKeys, ...rest }: Provisioned, header: SealHeader, key: KeyObject): Buffer {
  const encodedKeys = rootKeys.encode();
  const plaintext = layout.encode({ version: 1, ...rest, rootKeys: encodedKeys });
  encodedKeys.fill(0);
  const bound = encodeSealHeader(header);
  const box = sealBox(key, contextOf(bound), plaintext);
  plaintext.fill(0);
  return Buffer.concat([bound, box]);
}

function notAuthentic(cause: unknown): CryptoError {
  return new CryptoError('RecordRefused', 'the module state is not authentic', { cause });
}
