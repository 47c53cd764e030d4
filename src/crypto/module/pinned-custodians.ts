// Who the security domain is split over, and how many of them are needed: settled by the first ceremony, and replaced
// only with a quorum of those that were settled. One entry for each domain that this instance was or may become part of,
// so that a recovery that does not come to its end changes nothing. Under a root key, so that it does not change with the
// seal. Whoever writes holds the ceremony lock.
import type { KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Fields, fields } from '../../formats/fields.ts';
import { CryptoError } from '../protocol/messages.ts';
import { replaceDurable } from './durable-file.ts';
import { openBox, SealedBoxError, sealBox } from './sealed-box.ts';
import type { Provisioned } from './state-file.ts';

export interface Settled {
  readonly required: number;
  /** SHA-256 of each certificate, base64url, sorted. */
  readonly thumbprints: readonly string[];
}

interface Entry extends Settled {
  /** Raw domain key, hex. */
  readonly domain: string;
}

const layout: Fields<{ domains: 'json' }> = fields({ domains: 'json' });
const oldLayout: Fields<{ required: 'u32'; thumbprints: 'text' }> = fields({ required: 'u32', thumbprints: 'text' });

export class PinnedCustodians {
  readonly #path: string;
  readonly #oldKey: () => KeyObject | undefined;

  /** @param oldKey what opened the state, if that is the key that older versions sealed this file with */
  constructor(folder: string, oldKey: () => KeyObject | undefined) {
    this.#path = join(folder, 'custodians.sealed');
    this.#oldKey = oldKey;
  }

  /** Those of the domain that the instance is in. @throws CryptoError RecordRefused: no module wrote the file here */
  settled(state: Provisioned): Settled | undefined {
    const domain = nameOf(state.rootKeys.domainKey);
    return this.#read(state).find((entry) => entry.domain === domain);
  }

  /**
   * Settles who the custodians are, or passes if they are those that were settled.
   * @param thumbprints SHA-256 of each certificate, base64url, in any order
   * @throws CryptoError OtherCustodians; RecordRefused
   */
  settle(state: Provisioned, thumbprints: readonly string[], required: number): void {
    const asked = { required, thumbprints: [...thumbprints].sort() };
    const settled = this.settled(state);
    if (settled !== undefined) {
      if (!isSame(settled, asked)) throw otherCustodians();
      return;
    }
    // Activated by a version that remembered nobody: then nobody can be told from a stranger.
    if (state.state === 'active') throw otherCustodians();
    this.replace(state, state.rootKeys.domainKey, asked);
  }

  /** Durable when it returns. Whether the present ones agreed was settled before. @throws CryptoError RecordRefused */
  replace(state: Provisioned, domainKey: Uint8Array, { required, thumbprints }: Settled): void {
    const entry: Entry = { domain: nameOf(domainKey), required, thumbprints: [...thumbprints].sort() };
    const others = this.#read(state).filter(({ domain }) => domain !== entry.domain);
    this.#write(state, [...others, entry]);
  }

  /** Older versions sealed this file with the file seal, which must not be given up while it is needed. */
  migrate(state: Provisioned): void {
    this.#read(state);
  }

  #write(state: Provisioned, domains: readonly Entry[]): void {
    const { recordSealing } = state.rootKeys;
    replaceDurable(this.#path, sealBox(recordSealing, contextOf(state, 2), layout.encode({ domains })));
  }

  /** @throws CryptoError RecordRefused */
  #read(state: Provisioned): readonly Entry[] {
    let sealed: Buffer;
    try {
      sealed = readFileSync(this.#path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
    try {
      const opened = openBox(state.rootKeys.recordSealing, contextOf(state, 2), sealed);
      // Authentic: the shape is what this module wrote.
      return layout.decode(opened).domains as readonly Entry[];
    } catch (cause) {
      const old = this.#openOld(state, sealed);
      if (old === undefined) {
        throw new CryptoError('RecordRefused', 'the custodians on file are not authentic', { cause });
      }
      const { required, thumbprints } = oldLayout.decode(old);
      const entry = { domain: nameOf(state.rootKeys.domainKey), required, thumbprints: thumbprints.split(' ') };
      this.#write(state, [entry]);
      return [entry];
    }
  }

  /** Never with a key that lies in the folder alone: under another seal, whoever can write there could put one. */
  #openOld(state: Provisioned, sealed: Buffer): Buffer | undefined {
    const key = this.#oldKey();
    if (key === undefined) return undefined;
    try {
      return openBox(key, contextOf(state, 1), sealed);
    } catch (error) {
      if (error instanceof SealedBoxError) return undefined;
      throw error;
    }
  }
}

function nameOf(domainKey: Uint8Array): string {
  return Buffer.from(domainKey).toString('hex');
}

function isSame(a: Settled, b: Settled): boolean {
  return a.required === b.required && a.thumbprints.join(' ') === b.thumbprints.join(' ');
}

/** Bound to the root keys too: a folder provisioned anew does not inherit custodians. */
function contextOf({ instanceId, rootKeys }: Provisioned, version: 1 | 2): Buffer {
  const auditKey = Buffer.from(rootKeys.auditKey).toString('hex');
  return Buffer.from(`strongroom custodians v${version}\n${instanceId}\n${auditKey}`, 'utf8');
}

function otherCustodians(): CryptoError {
  return new CryptoError('OtherCustodians', 'the root keys were split over other custodians, or with another quorum');
}
