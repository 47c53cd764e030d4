// What the module refuses about a key that is to be made or taken in, as the client may read it: the module's texts name the
// member and hold nothing of the key.
import { CryptoError } from '../../crypto/protocol/messages.ts';
import { badParameter } from '../../http/service-error.ts';

const REFUSALS: ReadonlySet<string> = new Set(['BadRequest', 'CryptoFailed', 'AlgorithmNotSupported']);

/** @throws ServiceError BadParameter for inputs that the module refuses; anything else as it came */
export function refuseByModule(error: unknown): never {
  if (error instanceof CryptoError && REFUSALS.has(error.code)) {
    throw badParameter(error.message, { cause: error });
  }
  throw error;
}
