// The next seal of an open module: a new key each time, so that the old secret opens no state that is written from then on.
// What an older copy of the files holds goes on opening with it.
import type { KeyObject } from 'node:crypto';
import { badRequest, CryptoError, type RequestOf } from '../../crypto/protocol/messages.ts';
import { COST_LIMITS, type PassphraseCost, type Seal } from '../../formats/seal-header.ts';
import { integer, type Reader, record, ShapeError } from '../../formats/shape.ts';
import type { StateContent } from '../sealed-state.ts';
import { makeFileSeal } from './file-seal.ts';
import { makePassphraseSeal } from './passphrase-seal.ts';
import { makeQuorumSeal } from './quorum-seal.ts';
import { readCustodians } from './security-domain.ts';

const readPassphraseCost: Reader<PassphraseCost> = record({
  memory: integer(COST_LIMITS.memory.least, COST_LIMITS.memory.most),
  passes: integer(COST_LIMITS.passes.least, COST_LIMITS.passes.most),
  lanes: integer(COST_LIMITS.lanes.least, COST_LIMITS.lanes.most),
});

/** Overwrites the secret. @throws CryptoError BadRequest */
export async function makeSeal(
  folder: string,
  state: StateContent,
  { kind, secret, cost, certificates, required }: RequestOf<'changeSeal'>,
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
  throw badRequest('kind', 'must be file, passphrase or quorum');
}
