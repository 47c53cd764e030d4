// With what a container is asked, and what is told when it refuses that.
import type { InstanceIdentity } from '../../../../formats/instance-identity.ts';
import { identityTokens } from '../identity/identity-tokens.ts';
import { StorageError } from '../port.ts';
import { readSasToken, whyRefused } from '../sas-token.ts';
import type { BlobPlace } from './explain.ts';

type Credential = Pick<BlobPlace, 'credential' | 'whyRefused' | 'accessHint'>;

/** @param accessHint what to do when it is refused @throws StorageError Malformed */
export function sasCredential(text: string, nowMs: () => number, accessHint: string): Credential {
  const token = readSasToken(text);
  return { credential: { sas: token.text }, whyRefused: () => whyRefused(token, nowMs()), accessHint };
}

/** @throws StorageError */
export function identityCredential(
  { protocol }: URL,
  identity: InstanceIdentity | undefined,
  nowMs: () => number,
  stopping: AbortSignal,
): Credential {
  if (identity === undefined) {
    throw new StorageError(
      'AccessDenied',
      "the instance has no identity: set 'backupIdentity' in instance.json, or give a SAS token",
    );
  }
  if (protocol !== 'https:') {
    throw new StorageError(
      'NotAllowed',
      "the instance's identity is shown over https only; give a SAS token, or serve the storage over TLS",
    );
  }
  return {
    credential: { identity: identityTokens(identity, nowMs, stopping) },
    whyRefused: () => undefined,
    accessHint: "give the instance's identity the role Storage Blob Data Contributor at the container",
  };
}
