// Signs statements of the security domain. The kinds are a closed list, so that nothing signed here can be taken for an
// entry of a security-domain file, or for any other thing that the domain key signs.

import { CryptoError } from '../crypto/protocol/messages.ts';
import { isStatementKind, makeStatement } from '../formats/statement.ts';
import type { Provisioned } from './state-file.ts';

/** @throws CryptoError BadRequest for a kind that is not in the list */
export function signStatement({ rootKeys }: Provisioned, kind: string, body: Uint8Array): string {
  if (!isStatementKind(kind)) throw new CryptoError('BadRequest', 'kind: no such statement');
  return makeStatement(kind, body, rootKeys.domainKey, (text) => rootKeys.signForDomain(text));
}
