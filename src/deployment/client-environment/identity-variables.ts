// The variables of a process that has a managed identity: no secret of anybody, and where to ask for tokens.
import { join } from 'node:path';
import { shellQuoted, type Variables } from './variable-files.ts';
import { azConfigFolder, type ClientEnvironment, clientVariables } from './variables.ts';

export interface IdentityVariables {
  readonly clientId: string;
  readonly port: number;
  readonly header: string;
  /** App Service's variables are known to every SDK; IMDS is what the command line falls back to. */
  readonly style: 'app-service' | 'imds';
  /** Of the user that the process runs as; absent: who may read the data directory. */
  readonly folder?: IdentityFolder | undefined;
}

export function identityVariables(
  of: ClientEnvironment,
  { clientId, port, header, style, folder }: IdentityVariables,
): Variables {
  const endpoint = `http://127.0.0.1:${port}`;
  return {
    ...clientVariables(folder === undefined ? of : { ...of, ...folder }),
    // Signed in as the identity, az must not forget who the people at this data directory are signed in as.
    AZURE_CONFIG_DIR: folder?.azConfigFolder ?? `${azConfigFolder(of)}-${clientId}`,
    AZURE_CLIENT_ID: clientId,
    AZURE_CLIENT_SECRET: undefined,
    ARM_CLIENT_ID: clientId,
    ARM_CLIENT_SECRET: undefined,
    STRONGROOM_OWNER_CLIENT_ID: undefined,
    STRONGROOM_OWNER_CLIENT_SECRET: undefined,
    ...(style === 'app-service'
      ? {
          IDENTITY_ENDPOINT: `${endpoint}/msi/token`,
          IDENTITY_HEADER: header,
          AZURE_POD_IDENTITY_AUTHORITY_HOST: undefined,
        }
      : { AZURE_POD_IDENTITY_AUTHORITY_HOST: endpoint, IDENTITY_ENDPOINT: undefined, IDENTITY_HEADER: undefined }),
    // They would be taken for another platform's.
    IMDS_ENDPOINT: undefined,
    IDENTITY_SERVER_THUMBPRINT: undefined,
    MSI_ENDPOINT: undefined,
    MSI_SECRET: undefined,
    // The endpoint is on this machine: by way of a proxy it would not know who asks, and refuses.
    HTTP_PROXY: undefined,
    http_proxy: undefined,
  };
}

/**
 * What a process of another Unix user must read, and cannot read in the data directory: the lines that it evaluates carry the
 * authority's certificate, which is public, and put it into a folder of that user's own, with those of the system.
 */
export interface IdentityFolder {
  readonly caFile: string;
  readonly caBundle: string;
  readonly caForNode: string;
  readonly azConfigFolder: string;
}

export function identityFolder(folder: string): IdentityFolder {
  const caFile = join(folder, 'ca.pem');
  return { caFile, caBundle: join(folder, 'bundle.pem'), caForNode: caFile, azConfigFolder: join(folder, 'az') };
}

/** @param certificate PEM @param store the file of the system's authorities, read when the lines are evaluated */
export function identityFolderLines(
  { caFile, caBundle, azConfigFolder }: IdentityFolder,
  certificate: string,
  store: string | undefined,
): string {
  const make = `mkdir -p ${shellQuoted(azConfigFolder)}`;
  const write = `printf '%s\\n' ${shellQuoted(certificate.trim())} > ${shellQuoted(caFile)}`;
  const files = [caFile, ...(store === undefined ? [] : [store])].map(shellQuoted).join(' ');
  return `(umask 077 && ${make} && ${write} && cat ${files} > ${shellQuoted(caBundle)})\n`;
}
