// Makes the files by which the module remembers the newest store head and the newest signed log. Where there is a state and one
// of them is missing, it was deleted: nothing but `witness` makes it anew.
import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { createDurable, replaceDurable } from '../durable-file.ts';
import { headPath, sealWitness } from '../newest-head.ts';
import type { StateContent } from '../sealed-state.ts';
import { claimPath, sealClaim, signedSizes } from '../signed-checkpoint.ts';

export const EMPTY_ROOT: Buffer = createHash('sha256').digest();

/** For a new module: whatever an attempt before may have left is of nobody. */
export function beginWitnesses(folder: string, state: StateContent): void {
  replaceDurable(headPath(folder), sealWitness(state, { sequence: 0, hash: '' }));
  for (const size of signedSizes(folder)) rmSync(claimPath(folder, size), { force: true });
  createDurable(claimPath(folder, 0), sealClaim(state, 0, EMPTY_ROOT));
}

/** Makes the file where it is missing; what it held is for the caller to know. */
export function witnessHead(folder: string, state: StateContent, head: Parameters<typeof sealWitness>[1]): void {
  createDurable(headPath(folder), sealWitness(state, head));
}

export function witnessLog(folder: string, state: StateContent, size: number, root: Uint8Array): void {
  if (signedSizes(folder).length === 0) createDurable(claimPath(folder, size), sealClaim(state, size, root));
}
