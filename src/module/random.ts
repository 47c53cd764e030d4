// Random bytes for clients. The bounds are the API's; the module holds them too, so that no one frame asks for much.
import type { Engine } from '../crypto/engines/engine.ts';
import { CryptoError } from '../crypto/protocol/messages.ts';

const MOST = 128;

/** @throws CryptoError BadRequest */
export function randomOf(engine: Pick<Engine, 'random'>, count: number): Buffer {
  if (count < 1 || count > MOST) throw new CryptoError('BadRequest', `count: must be from 1 to ${MOST}`);
  return engine.random(count);
}
