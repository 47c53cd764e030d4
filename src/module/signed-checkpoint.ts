// The newest checkpoint this module has signed: it signs no smaller log and no other log of the same size after it,
// whichever partition is asked. Each size is claimed by making a file that must not exist, before the signature leaves. The
// first is made with the module, so where there is none it was deleted, and nothing is signed.
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { CryptoError } from '../crypto/protocol/messages.ts';
import { createDurable, readIfThere } from './durable-file.ts';
import { openBox, sealBox } from './sealed-box.ts';
import type { Provisioned, StateContent } from './sealed-state.ts';

const NAME = /^checkpoint-(0|[1-9][0-9]{0,15})\.sealed$/;

/** Tries to read the newest claim: each time a larger one may have been made, and that one removed. */
const MOST_TRIES = 100;

export class SignedCheckpoint {
  readonly #folder: string;
  #known = 0;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Size of the newest log that this partition knows to be signed, without a look at the folder. */
  get known(): number {
    return this.#known;
  }

  /** Size of the newest log signed, 0 if none. */
  get size(): number {
    return Math.max(this.#known, ...signedSizes(this.#folder));
  }

  /** Takes over the newest on file. Its name is not believed: anybody can give one. @throws CryptoError RecordRefused */
  load(state: Provisioned): void {
    for (let tried = 0; tried < MOST_TRIES; tried++) {
      const sizes = signedSizes(this.#folder);
      if (sizes.length === 0) return;
      const newest = Math.max(...sizes);
      if (this.#rootOf(state, newest) === undefined) continue;
      this.#known = Math.max(this.#known, newest);
      return;
    }
    throw notAuthentic();
  }

  get isWitnessed(): boolean {
    return signedSizes(this.#folder).length > 0;
  }

  /**
   * Passes, durably, if the log goes on from what was signed.
   * @throws CryptoError LogRefused; RecordRefused when the file is not what a module wrote here
   */
  claim(state: Provisioned, size: number, root: Uint8Array): void {
    if (!this.isWitnessed)
      throw new CryptoError('LogRefused', 'nothing is signed: the witness of the newest log is missing');
    const newest = Math.max(this.size, state.logFloor);
    if (size < newest) throw refused(`of ${size} entries after one of ${newest}`);
    const made = createDurable(claimPath(this.#folder, size), sealClaim(state, size, root));
    if (!made) {
      const present = this.#rootOf(state, size);
      if (present === undefined) throw refused(`of ${size} entries after a larger one`);
      if (!present.equals(root)) throw refused(`another one of ${size} entries`);
    }
    // Only now is it known that no larger one was signed, and its smaller ones removed, while this one was claimed.
    const sizes = signedSizes(this.#folder);
    const after = Math.max(...sizes);
    if (after > size) {
      if (made) rmSync(claimPath(this.#folder, size), { force: true });
      throw refused(`of ${size} entries after one of ${after}`);
    }
    this.#known = Math.max(this.#known, size);
    for (const smaller of sizes) if (smaller < size) rmSync(claimPath(this.#folder, smaller), { force: true });
  }

  /** `undefined`: the file is gone. @throws CryptoError RecordRefused */
  #rootOf(state: Provisioned, size: number): Buffer | undefined {
    const sealed = readIfThere(claimPath(this.#folder, size));
    if (sealed === undefined) return undefined;
    return openBox(state.rootKeys.recordSealing, contextOf(state, size), sealed, notAuthentic);
  }
}

export function signedSizes(folder: string): number[] {
  return readdirSync(folder).flatMap((name) => {
    const size = Number(NAME.exec(name)?.[1]);
    return Number.isSafeInteger(size) ? [size] : [];
  });
}

export function claimPath(folder: string, size: number): string {
  return join(folder, `checkpoint-${size}.sealed`);
}

export function sealClaim(state: StateContent, size: number, root: Uint8Array): Buffer {
  return sealBox(state.rootKeys.recordSealing, contextOf(state, size), root);
}

function contextOf({ instanceId }: StateContent, size: number): Buffer {
  return Buffer.from(`strongroom signed checkpoint v1\n${instanceId}\n${size}`, 'utf8');
}

function notAuthentic(): CryptoError {
  return new CryptoError('RecordRefused', 'the newest checkpoint on file is not authentic');
}

function refused(what: string): CryptoError {
  return new CryptoError('LogRefused', `no checkpoint is signed for a log ${what}`);
}
