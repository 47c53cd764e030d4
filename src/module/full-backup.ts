// Seals the parts of a full backup: only a module with the same backup root key opens one, and only as the part of the
// backup that it was written as. What is in a part is the service's business; keys in it are sealed once more.
import { badRequest, CryptoError } from '../crypto/protocol/messages.ts';
import { openBox, sealBox } from './sealed-box.ts';
import type { Provisioned } from './sealed-state.ts';

const LABEL = 'strongroom full backup v1';

/** @throws CryptoError BadRequest */
export function sealBackup(state: Provisioned, backupId: string, part: string, content: Uint8Array): Buffer {
  return sealBox(state.rootKeys.backupKey(LABEL, 'part'), contextOf(backupId, part), content);
}

/** @throws CryptoError BadRequest · CryptoFailed when it is another part, another backup or domain, or was edited */
export function openBackup(state: Provisioned, backupId: string, part: string, sealed: Uint8Array): Buffer {
  const refusal = (): CryptoError =>
    new CryptoError('CryptoFailed', 'sealed: is not this part of this backup, made in this security domain');
  return openBox(state.rootKeys.backupKey(LABEL, 'part'), contextOf(backupId, part), sealed, refusal);
}

function contextOf(backupId: string, part: string): Buffer {
  if (!/^[0-9A-Za-z._-]{1,200}$/.test(backupId)) throw badRequest('backupId', 'wrong form');
  if (!/^[0-9a-z.-]{1,64}$/.test(part)) throw badRequest('part', 'wrong form');
  return Buffer.from(JSON.stringify([LABEL, backupId, part]), 'utf8');
}
