// Exchanges the seal of an open module: a new key each time, so that the old secret opens no state that is written from
// now on. What an older copy of the files holds goes on opening with it.
import type { KeyObject } from 'node:crypto';
import { CryptoError } from '../crypto/protocol/messages.ts';
import { readPassphraseCost, type Seal } from '../formats/seal-header.ts';
import { ShapeError } from '../formats/shape.ts';
import { makeFileSeal } from './file-seal.ts';
import { makePassphraseSeal } from './passphrase-seal.ts';
import { makeQuorumSeal } from './quorum-seal.ts';
import { readCustodians } from './security-domain.ts';
import type { StateContent, StateFile } from './state-file.ts';

export interface SealWish {
  readonly kind: string;
  /** The passphrase; overwritten. */
  readonly secret: Uint8Array;
  readonly cost: unknown;
  /** Standard base64 DER. */
  readonly certificates: unknown;
  readonly required: number;
}

/** Durable when it resolves. @throws CryptoError BadRequest */
export async function changeSeal(folder: string, file: StateFile, state: StateContent, wish: SealWish): Promise<void> {
  const { seal, key } = await makeSeal(folder, state, wish);
  file.reseal(state, seal, key);
}

async function makeSeal(
  folder: string,
  state: StateContent,
  { kind, secret, cost, certificates, required }: SealWish,
): Promise<{ readonly seal: Seal; readonly key: KeyObject }> {
  try {
    if (kind === 'file') {
      const { keyFile, key } = makeFileSeal(folder);
      return { seal: { kind, keyFile }, key };
    }
    if (kind === 'passphrase') return await makePassphraseSeal(secret, readPassphraseCost(cost, 'cost'));
    if (kind === 'quorum') return makeQuorumSeal(state, readCustodians(certificates, required), required);
  } catch (error) {
    if (error instanceof ShapeError) throw new CryptoError('BadRequest', error.message, { cause: error });
    throw error;
  } finally {
    secret.fill(0);
  }
  throw new CryptoError('BadRequest', 'kind: must be file, passphrase or quorum');
}
