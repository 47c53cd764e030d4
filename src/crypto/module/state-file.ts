// The module's sealed state: what it is and its root keys. Only ceremonies write it; every partition of every worker
// reads the same file.
import type { KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Fields, fields } from '../../formats/fields.ts';
import { CryptoError } from '../protocol/messages.ts';
import { createDurable, replaceDurable } from './durable-file.ts';
import { ensureFileSeal, loadFileSeal } from './file-seal.ts';
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

export class StateFile {
  readonly #path: string;
  readonly #sealPath: string;

  constructor(folder: string) {
    this.#path = join(folder, 'state.sealed');
    this.#sealPath = join(folder, 'seal.key');
  }

  /** `undefined` while blank. @throws CryptoError RecordRefused when the file is not what a module wrote here */
  load(): Provisioned | undefined {
    let sealed: Buffer;
    try {
      sealed = readFileSync(this.#path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
    let plaintext: Buffer | undefined;
    try {
      plaintext = openBox(loadFileSeal(this.#sealPath), CONTEXT, sealed);
      const { version, state, rootKeys, ...rest } = layout.decode(plaintext);
      if (version !== 1 || (state !== 'provisioned' && state !== 'active')) throw new Error('unknown state');
      return { ...rest, state, rootKeys: new RootKeys(Buffer.from(rootKeys)) };
    } catch (cause) {
      throw new CryptoError('RecordRefused', 'the module state is not authentic', { cause });
    } finally {
      plaintext?.fill(0);
    }
  }

  /** Writes the first state; durable when it returns. @returns false when another partition was first */
  create(state: Provisioned): boolean {
    return createDurable(this.#path, this.#seal(state, ensureFileSeal(this.#sealPath)));
  }

  /** Durable when it returns. */
  replace(state: Provisioned): void {
    replaceDurable(this.#path, this.#seal(state, loadFileSeal(this.#sealPath)));
  }

  #seal({ rootKeys, ...rest }: Provisioned, seal: KeyObject): Buffer {
    const encodedKeys = rootKeys.encode();
    const plaintext = layout.encode({ version: 1, ...rest, rootKeys: encodedKeys });
    encodedKeys.fill(0);
    const sealed = sealBox(seal, CONTEXT, plaintext);
    plaintext.fill(0);
    return sealed;
  }
}
