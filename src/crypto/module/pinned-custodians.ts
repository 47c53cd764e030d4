// Who the root keys were first split over, and how many of them are needed: settled by the first ceremony, for good. In
// a sealed file of its own, because making a file that must not exist yet is the one step in which no two partitions can
// both be first, and under a root key, so that it does not change with the seal.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Fields, fields } from '../../formats/fields.ts';
import { CryptoError } from '../protocol/messages.ts';
import { createDurable, replaceDurable } from './durable-file.ts';
import { loadFileSeal, SealError } from './file-seal.ts';
import { openBox, SealedBoxError, sealBox } from './sealed-box.ts';
import type { Provisioned } from './state-file.ts';

const layout: Fields<{ required: 'u32'; thumbprints: 'text' }> = fields({ required: 'u32', thumbprints: 'text' });

export class PinnedCustodians {
  readonly #path: string;
  readonly #sealPath: string;

  constructor(folder: string) {
    this.#path = join(folder, 'custodians.sealed');
    this.#sealPath = join(folder, 'seal.key');
  }

  /**
   * Settles who the custodians are, or passes if they are those that were settled.
   * @param thumbprints SHA-256 of each certificate, base64url, in any order
   * @throws CryptoError OtherCustodians; RecordRefused when the file is not what a module wrote here
   */
  settle(state: Provisioned, thumbprints: readonly string[], required: number): void {
    const asked = layout.encode({ required, thumbprints: [...thumbprints].sort().join(' ') });
    if (this.#matches(state, asked)) return;
    // Activated by a version that remembered nobody: then nobody can be told from a stranger.
    if (state.state === 'active') throw otherCustodians();
    const made = createDurable(this.#path, sealFor(state, asked));
    // Another partition was first, and it settles.
    if (!made && !this.#matches(state, asked)) throw otherCustodians();
  }

  /** Older versions sealed this file with the file seal, which must not be given up while it is needed. */
  migrate(state: Provisioned): void {
    this.#read(state);
  }

  /** False: nobody is settled. @throws CryptoError OtherCustodians, RecordRefused */
  #matches(state: Provisioned, asked: Buffer): boolean {
    const settled = this.#read(state);
    if (settled === undefined) return false;
    if (!settled.equals(asked)) throw otherCustodians();
    return true;
  }

  /** @throws CryptoError RecordRefused */
  #read(state: Provisioned): Buffer | undefined {
    let sealed: Buffer;
    try {
      sealed = readFileSync(this.#path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
    try {
      return openBox(state.rootKeys.recordSealing, contextOf(state, 2), sealed);
    } catch (cause) {
      const settled = this.#openOld(state, sealed);
      if (settled === undefined) {
        throw new CryptoError('RecordRefused', 'the custodians on file are not authentic', { cause });
      }
      replaceDurable(this.#path, sealFor(state, settled));
      return settled;
    }
  }

  #openOld(state: Provisioned, sealed: Buffer): Buffer | undefined {
    try {
      return openBox(loadFileSeal(this.#sealPath), contextOf(state, 1), sealed);
    } catch (error) {
      if (error instanceof SealError || error instanceof SealedBoxError) return undefined;
      throw error;
    }
  }
}

function sealFor(state: Provisioned, settled: Buffer): Buffer {
  return sealBox(state.rootKeys.recordSealing, contextOf(state, 2), settled);
}

/** Bound to the root keys too: a folder provisioned anew does not inherit custodians. */
function contextOf({ instanceId, rootKeys }: Provisioned, version: 1 | 2): Buffer {
  const auditKey = Buffer.from(rootKeys.auditKey).toString('hex');
  return Buffer.from(`strongroom custodians v${version}\n${instanceId}\n${auditKey}`, 'utf8');
}

function otherCustodians(): CryptoError {
  return new CryptoError('OtherCustodians', 'the root keys were split over other custodians, or with another quorum');
}
