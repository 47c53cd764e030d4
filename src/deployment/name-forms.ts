// The two sets of names of the dev profile: Azure's own (reached through the CONNECT proxy only) and `*.localhost` with
// the port. The only file that knows the public cloud's names.
import type { NameForm } from '../http/name-form.ts';

/** The authority that `strongroom release authority` makes, unless it is told another name. Nothing answers there. */
export const DEV_ATTESTATION = 'https://attestation.strongroom.localhost';

/** Names of the public cloud. */
export function azureNames(): NameForm {
  return {
    name: 'AzureCloud',
    arm: 'https://management.azure.com',
    login: 'https://login.microsoftonline.com',
    graph: 'https://graph.microsoft.com',
    loginAliases: ['login.windows.net', 'sts.windows.net'],
    instanceSuffix: '.managedhsm.azure.net',
    vaultSuffix: '.vault.azure.net',
    storageSuffix: 'core.windows.net',
    attestation: DEV_ATTESTATION,
    audiences: {
      arm: [
        'https://management.core.windows.net/',
        'https://management.core.windows.net',
        'https://management.azure.com/',
        'https://management.azure.com',
      ],
      graph: ['https://graph.microsoft.com', 'https://graph.microsoft.com/', '00000003-0000-0000-c000-000000000000'],
      instances: ['https://managedhsm.azure.net', 'https://managedhsm.azure.net/'],
      vaults: ['https://vault.azure.net', 'https://vault.azure.net/'],
    },
    loginEndpoint: 'https://login.microsoftonline.com',
  };
}

/** Names below `localhost`, with the port of the front. */
export function localNames(port: number): NameForm {
  const at = (host: string): string => (port === 443 ? host : `${host}:${port}`);
  const arm = `https://${at('arm.localhost')}`;
  const graph = `https://${at('graph.localhost')}`;
  const instances = `https://${at('managedhsm.localhost')}`;
  const vaults = `https://${at('vault.localhost')}`;
  return {
    name: 'Strongroom',
    arm,
    login: `https://${at('login.localhost')}`,
    graph,
    loginAliases: [],
    instanceSuffix: `.${at('managedhsm.localhost')}`,
    vaultSuffix: `.${at('vault.localhost')}`,
    storageSuffix: at('blob.localhost'),
    attestation: DEV_ATTESTATION,
    audiences: {
      arm: audiencesAt(arm),
      graph: audiencesAt(graph),
      instances: audiencesAt(instances),
      vaults: audiencesAt(vaults),
    },
    loginEndpoint: `https://${at('login.localhost')}`,
  };
}

/** Clients that make the audience out of a host's domain leave the port out, as there is none in the cloud's names. */
function audiencesAt(origin: string): readonly string[] {
  const { protocol, hostname } = new URL(origin);
  return [...new Set([origin, `${protocol}//${hostname}`])].flatMap((each) => [each, `${each}/`]);
}

/** Exact `aud` values of tokens for blob storage, which the embedded issuer gives to instances alone. */
export const STORAGE_AUDIENCES: readonly string[] = ['https://storage.azure.com', 'https://storage.azure.com/'];

/** `iss` of every token of the embedded issuer (the v1 form), whatever names were used to ask for it. */
export function devIssuer(tenantId: string): string {
  return `https://sts.windows.net/${tenantId}/`;
}
