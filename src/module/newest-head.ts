// The newest store head this module has been shown: a witness against a store rolled back while nobody looked. Kept in a
// file of its own, written soon after a change rather than with each, as the audit log is the second and exact witness. It
// is made with the module, so one that is missing was deleted, and no mere note brings it back.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { CryptoError } from '../crypto/protocol/messages.ts';
import { readIfThere, replaceDurableLater } from './durable-file.ts';
import { openBox, sealBox } from './sealed-box.ts';
import type { Provisioned, StateContent } from './sealed-state.ts';

export class NewestHead {
  readonly #path: string;
  readonly #delay: number;
  #sequence = 0;
  #written = 0;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();

  /** @param delay milliseconds between a change and its write */
  constructor(folder: string, delay: number) {
    this.#path = headPath(folder);
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
          await replaceDurableLater(this.#path, sealWitness(state, sequence));
        this.#written = sequence;
      } catch (error) {
        // The next head tries again: a full disk must not take the keys' process down.
        process.stderr.write(`module: the newest head could not be written (${(error as Error).name})\n`);
      }
    });
  }

  #read(state: Provisioned): number {
    const sealed = readIfThere(this.#path);
    if (sealed === undefined) return 0;
    try {
      return Number(openBox(state.rootKeys.recordSealing, contextOf(state), sealed).readBigUInt64LE(0));
    } catch (cause) {
      throw new CryptoError('RecordRefused', 'the newest head on file is not authentic', { cause });
    }
  }
}

export function headPath(folder: string): string {
  return join(folder, 'head.sealed');
}

export function sealWitness(state: StateContent, sequence: number): Buffer {
  const plaintext = Buffer.alloc(8);
  plaintext.writeBigUInt64LE(BigInt(sequence));
  return sealBox(state.rootKeys.recordSealing, contextOf(state), plaintext);
}

function contextOf(state: StateContent): Buffer {
  return Buffer.from(`strongroom newest head v1\n${state.instanceId}`, 'utf8');
}
