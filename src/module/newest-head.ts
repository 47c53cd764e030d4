// The newest store head this module has been shown: a witness against a store rolled back while nobody looked. Kept in a
// file of its own, written soon after a change rather than with each, as the audit log is the second and exact witness. It
// is made with the module, so one that is missing was deleted, and no mere note brings it back.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { CryptoError } from '../crypto/protocol/messages.ts';
import { readIfThere, replaceDurableLater } from './durable-file.ts';
import { openBox, sealBox } from './sealed-box.ts';
import type { Provisioned, StateContent } from './sealed-state.ts';
import { stateRefused } from './state-rollback.ts';
import type { StoreHead } from './store-head.ts';

type ShownHead = Pick<StoreHead, 'sequence' | 'hash'>;
const NONE: ShownHead = { sequence: 0, hash: '' };

export class NewestHead {
  readonly #path: string;
  readonly #delay: number;
  #newest = NONE;
  /** The file did not tell as much when it was read. */
  #isNews = false;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();

  /** @param delay milliseconds between a change and its write */
  constructor(folder: string, delay: number) {
    this.#path = headPath(folder);
    this.#delay = delay;
  }

  get sequence(): number {
    return this.#newest.sequence;
  }

  get isWitnessed(): boolean {
    return existsSync(this.#path);
  }

  /** Takes over what any partition has written. @throws CryptoError RecordRefused */
  load(state: Provisioned): void {
    const onFile = this.#read(state);
    for (const known of [onFile, { ...NONE, sequence: state.headFloor }])
      if (tellsMore(known, this.#newest)) this.#newest = known;
    this.#isNews ||= tellsMore(this.#newest, onFile);
  }

  /**
   * A head that opened. Any is taken over: only the next one is ever sealed, so none is far ahead of the store, and after
   * a crash the store is ahead of what was written here. Of one sequence several may have been sealed, and one was shown.
   * @throws CryptoError StateRefused
   */
  note(state: Provisioned, head: ShownHead): void {
    const { sequence, hash } = this.#newest;
    if (head.sequence === sequence && hash !== '' && head.hash !== hash)
      throw stateRefused(`the store's head of sequence ${sequence} is another than the module was shown`);
    if (!tellsMore(head, this.#newest)) return;
    this.#newest = head;
    this.#isNews = true;
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
    if (!this.#isNews) return;
    this.#writing = this.#writing.then(async () => {
      try {
        // Another partition may have written a newer one meanwhile, or an older one over ours.
        while (this.isWitnessed && tellsMore(this.#newest, this.#read(state)))
          await replaceDurableLater(this.#path, sealWitness(state, this.#newest));
      } catch (error) {
        // The next head tries again: a full disk must not take the keys' process down.
        process.stderr.write(`module: the newest head could not be written (${(error as Error).name})\n`);
      }
    });
  }

  #read(state: Provisioned): ShownHead {
    const sealed = readIfThere(this.#path);
    if (sealed === undefined) return NONE;
    try {
      const plaintext = openBox(state.rootKeys.recordSealing, contextOf(state), sealed);
      return { sequence: Number(plaintext.readBigUInt64LE(0)), hash: plaintext.toString('base64url', 8) };
    } catch (cause) {
      throw new CryptoError('RecordRefused', 'the newest head on file is not authentic', { cause });
    }
  }
}

export function headPath(folder: string): string {
  return join(folder, 'head.sealed');
}

/** Older programs read the sequence alone, and leave the hash away. */
export function sealWitness(state: StateContent, { sequence, hash }: ShownHead): Buffer {
  const plaintext = Buffer.concat([Buffer.alloc(8), Buffer.from(hash, 'base64url')]);
  plaintext.writeBigUInt64LE(BigInt(sequence));
  return sealBox(state.rootKeys.recordSealing, contextOf(state), plaintext);
}

function tellsMore({ sequence, hash }: ShownHead, than: ShownHead): boolean {
  return sequence > than.sequence || (sequence === than.sequence && hash !== '' && than.hash === '');
}

function contextOf(state: StateContent): Buffer {
  return Buffer.from(`strongroom newest head v1\n${state.instanceId}`, 'utf8');
}
