// Reads `backupTargets` and `backupIdentity` of `instance.json`: their shape. What a place's URI may be is judged by the
// storage, which refuses to start with one that cannot be.
import type { InstanceIdentity } from '../formats/instance-identity.ts';
import { byKind, flag, list, matching, oneOf, type Reader, record } from '../formats/shape.ts';
import type { BackupPlace } from './instance.ts';

const filled = matching(/^[^\0\r\n]{1,4096}$/, 'a text of one line');
const https = matching(/^https:\/\/[^\s/?#@]+(\/[^\s?#]*)?$/, 'an https address without query');
/** Those of a platform are served on its own machine, without TLS. */
const local = matching(/^https?:\/\/[^\s/?#@]+(\/[^\s?#]*)?$/, 'an http or https address without query');

export const readBackupPlaces: Reader<readonly BackupPlace[]> = list(
  record({ uri: filled }, { keepsAll: flag, caFile: filled, addresses: list(filled, 64) }),
  1000,
);

export const readInstanceIdentity: Reader<InstanceIdentity> = byKind({
  clientCredential: record(
    { kind: oneOf('clientCredential'), tokenEndpoint: https, clientId: filled, secretFile: filled },
    { caFile: filled },
  ),
  imds: record({ kind: oneOf('imds') }, { endpoint: local, clientId: filled }),
  appService: record(
    { kind: oneOf('appService'), endpoint: local, headerFile: filled },
    { clientId: filled, caFile: filled },
  ),
});
