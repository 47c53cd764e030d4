// Who the root keys were first split over, and how many of them are needed: settled by the first ceremony, for good. In
// a sealed file of its own, because making a file that must not exist yet is the one step in which no two partitions can
// both be first.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Fields, fields } from '../../formats/fields.ts';
import { CryptoError } from '../protocol/messages.ts';
import { createDurable } from './durable-file.ts';
import { loadFileSeal } from './file-seal.ts';
import { openBox, sealBox } from './sealed-box.ts';
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
    const made = createDurable(this.#path, sealBox(loadFileSeal(this.#sealPath), contextOf(state), asked));
    // Another partition was first, and it settles.
    if (!made && !this.#matches(state, asked)) throw otherCustodians();
  }

  /** False: nobody is settled. @throws CryptoError OtherCustodians, RecordRefused */
  #matches(state: Provisioned, asked: Buffer): boolean {
    let sealed: Buffer;
    try {
      sealed = readFileSync(this.#path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
      throw error;
    }
    let settled: Buffer;
    try {
      settled = openBox(loadFileSeal(this.#sealPath), contextOf(state), sealed);
    } catch (cause) {
      throw new CryptoError('RecordRefused', 'the custodians on file are not authentic', { cause });
    }
    if (!settled.equals(asked)) throw otherCustodians();
    return true;
  }
}

/** Bound to the root keys too: a folder provisioned anew does not inherit custodians. */
function contextOf({ instanceId, rootKeys }: Provisioned): Buffer {
  const auditKey = Buffer.from(rootKeys.auditKey).toString('hex');
  return Buffer.from(`strongroom custodians v1\n${instanceId}\n${auditKey}`, 'utf8');
}

function otherCustodians(): CryptoError {
  return new CryptoError('OtherCustodians', 'the root keys were split over other custodians, or with another quorum');
}
