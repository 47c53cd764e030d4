// Writes the module's sealed state, and the key file of the file seal. Nothing but ceremonies does.
import type { KeyObject } from 'node:crypto';
import { closeSync, existsSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { CryptoError } from '../../crypto/protocol/messages.ts';
import { encodeRootKeys } from '../../formats/root-keys.ts';
import { encodeSealHeader, OLD_KEY_FILE, type Seal, type SealHeader } from '../../formats/seal-header.ts';
import { createDurable, replaceDurable } from '../durable-file.ts';
import { lockExclusively } from '../native.ts';
import { sealBox } from '../sealed-box.ts';
import {
  contextOf,
  type Provisioned,
  type Settled,
  STATE_VERSION,
  type StateContent,
  stateLayout,
} from '../sealed-state.ts';
import { headerOf, StateFile } from '../state-file.ts';
import { keepKeyFile, makeFileSeal, wipeKeyFiles } from './file-seal.ts';
import { readOldCustodians } from './old-custodians.ts';

/** Of a state that no header tells it of. */
const FIRST_SEAL: Seal = { kind: 'file', keyFile: OLD_KEY_FILE };

export class StateWriter extends StateFile {
  get exists(): boolean {
    return existsSync(this.path);
  }

  /** Who is settled: a state of a version before names them in a file of its own. @throws CryptoError RecordRefused */
  settledIn(state: Provisioned): Settled | undefined {
    if (state.generation > 0) return state.settled;
    const { seal } = this.header ?? { seal: FIRST_SEAL };
    const isOldest = seal.kind === 'file' && seal.keyFile === OLD_KEY_FILE;
    return readOldCustodians(this.folder, state, isOldest ? this.fileKey(OLD_KEY_FILE) : undefined);
  }

  /** Writes the first state; durable when it returns. @returns false when another process was first */
  create(state: StateContent): boolean {
    const { keyFile } = makeFileSeal(this.folder, OLD_KEY_FILE);
    const header = headerOf(state, { kind: 'file', keyFile });
    return createDurable(this.path, sealState(state, header, this.fileKey(keyFile)));
  }

  /** The same seal. Durable when it returns. */
  replace(state: StateContent): void {
    const seal = this.header?.seal ?? FIRST_SEAL;
    const key = seal.kind === 'file' ? this.fileKey(seal.keyFile) : this.opened?.key;
    if (key === undefined) throw new CryptoError('WrongState', 'the module is locked');
    const header = this.opened?.header ?? headerOf(state, seal);
    replaceDurable(this.path, sealState(state, header, key));
  }

  /** Another seal, in one step: before it the state opens with the old key, after it with the new one. */
  reseal(state: StateContent, seal: Seal, key: KeyObject): void {
    const header = headerOf(state, seal);
    const before = this.header?.seal ?? FIRST_SEAL;
    replaceDurable(this.path, sealState(state, header, key));
    this.opened = seal.kind === 'file' ? undefined : { header, bound: encodeSealHeader(header), key };
    if (seal.kind === 'file') keepKeyFile(this.folder, seal.keyFile, key);
    if (before.kind === 'file') wipeKeyFiles(this.folder, [before.keyFile]);
  }

  wipeSpareKeys(): void {
    wipeKeyFiles(this.folder, this.spareKeyFiles);
  }
}

/**
 * One ceremony at a time, over all processes of all workers: each reads the module's files, decides, and writes them. The
 * lock is the operating system's, so one that dies in the middle does not keep it.
 * @param work must be done when it returns: nothing waits inside @throws NativeError, and what `work` throws
 */
export function withCeremonyLock<T>(folder: string, work: () => T): T {
  const file = openSync(join(folder, 'ceremony.lock'), 'a', 0o600);
  try {
    lockExclusively(file);
    return work();
  } finally {
    // Closing gives it back.
    closeSync(file);
  }
}

function sealState({ rootKeys, settled, ...rest }: StateContent, header: SealHeader, key: KeyObject): Buffer {
  const encodedKeys = rootKeys.use(encodeRootKeys);
  const { required, thumbprints } = settled ?? { required: 0, thumbprints: [] };
  const plaintext = stateLayout.encode({
    ...rest,
    version: STATE_VERSION,
    required,
    thumbprints,
    rootKeys: encodedKeys,
  });
  encodedKeys.fill(0);
  const bound = encodeSealHeader(header);
  const box = sealBox(key, contextOf(bound), plaintext);
  plaintext.fill(0);
  return Buffer.concat([bound, box]);
}
