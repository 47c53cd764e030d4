// The identity of an instance outside: what it shows to a storage that it keeps backups in, and where it gets the proof of it.
import { byKind, matching, oneOf, record } from './shape.ts';

export const readLine = matching(/^[^\0\r\n]{1,4096}$/, 'a text of one line');
const https = matching(/^https:\/\/[^\s/?#@]+(\/[^\s?#]*)?$/, 'an https address without query');
/** Those of a platform are served on its own machine, without TLS. */
const local = matching(/^https?:\/\/[^\s/?#@]+(\/[^\s?#]*)?$/, 'an http or https address without query');

export const readInstanceIdentity = byKind({
  /** An application's secret, alone in its file, at any token endpoint of the OAuth client-credential grant. */
  clientCredential: record(
    { kind: oneOf('clientCredential'), tokenEndpoint: https, clientId: readLine, secretFile: readLine },
    { caFile: readLine },
  ),
  /** The metadata service of a virtual machine. */
  imds: record({ kind: oneOf('imds') }, { endpoint: local, clientId: readLine }),
  /** The endpoint that App Service, Functions and Container Apps give a process; the header's value is in the file. */
  appService: record(
    { kind: oneOf('appService'), endpoint: local, headerFile: readLine },
    { clientId: readLine, caFile: readLine },
  ),
});
export type InstanceIdentity = ReturnType<typeof readInstanceIdentity>;
