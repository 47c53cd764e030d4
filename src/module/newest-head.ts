// The newest store head this module has been shown: a witness against a store rolled back while nobody looked. Kept in a
// file of its own, written soon after a change rather than with each, as the audit log is the second and exact witness. It
// is made with the module, so one that is missing was deleted, and no mere note brings it back.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CryptoError } from '../crypto/protocol/messages.ts';
import { createDurable, replaceDurable, replaceDurableLater } from './durable-file.ts';
import { openBox, sealBox } from './sealed-box.ts';
import type { Provisioned, StateContent } from './state-file.ts';

export class NewestHead {
  readonly #path: string;
  readonly #delay: number;
  #sequence = 0;
  #written = 0;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();

  /** @param delay milliseconds between a change and its write */
  constructor(folder: string, delay: number) {
    this.#path = join(folder, 'head.sealed');
    this.#delay = delay;
  }

  get sequence(): number {
    return this.#sequence;
  }

  get isWitnessed(): boolean {
    return existsSync(this.#path);
  }

  /** Takes over what any partition has written. @throws CryptoError RecordRefused */
  load(state: Provisioned): void {
    this.#written = this.#read(state);
    this.#sequence = Math.max(this.#sequence, this.#written, state.headFloor);
  }

  /** For a new module: whatever an attempt before may have left is of nobody. */
  begin(state: StateContent): void {
    replaceDurable(this.#path, encode(state, 0));
  }

  /** Makes the file where it is missing; what it held is for the caller to know. */
  witness(state: Provisioned, sequence: number): void {
    this.#sequence = Math.max(this.#sequence, sequence);
    createDurable(this.#path, encode(state, this.#sequence));
  }

  /**
   * The sequence of a head that opened. Any is taken over: only the next one is ever sealed, so none is far ahead of the
   * store, and after a crash the store is ahead of what was written here.
   */
  note(state: Provisioned, sequence: number): void {
    if (sequence <= this.#sequence) return;
    this.#sequence = sequence;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#write(state);
    }, this.#delay);
  }

  /** Resolves when what was noted is on disk. */
  async flush(state: Provisioned | undefined): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (state !== undefined) this.#write(state);
    await this.#writing;
  }

  #write(state: Provisioned): void {
    if (this.#sequence <= this.#written) return;
    this.#writing = this.#writing.then(async () => {
      try {
        // Another partition may have written a newer one meanwhile.
        const sequence = Math.max(this.#sequence, this.#read(state));
        if (sequence > this.#written && this.isWitnessed)
          await replaceDurableLater(this.#path, encode(state, sequence));
        this.#written = sequence;
      } catch (error) {
        // The next head tries again: a full disk must not take the keys' process down.
        process.stderr.write(`module: the newest head could not be written (${(error as Error).name})\n`);
      }
    });
  }

  #read(state: Provisioned): number {
    let sealed: Buffer;
    try {
      sealed = readFileSync(this.#path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0;
      throw error;
    }
    try {
      return Number(openBox(state.rootKeys.recordSealing, contextOf(state), sealed).readBigUInt64LE(0));
    } catch (cause) {
      throw new CryptoError('RecordRefused', 'the newest head on file is not authentic', { cause });
    }
  }
}

function encode(state: StateContent, sequence: number): Buffer {
  const plaintext = Buffer.alloc(8);
  plaintext.writeBigUInt64LE(BigInt(sequence));
  return sealBox(state.rootKeys.recordSealing, contextOf(state), plaintext);
}

function contextOf(state: StateContent): Buffer {
  return Buffer.from(`strongroom newest head v1\n${state.instanceId}`, 'utf8');
}
