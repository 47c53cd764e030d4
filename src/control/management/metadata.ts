// The cloud metadata document: from it clients learn every other name. Unauthenticated, and different for each set of
// names. Old versions are a list of clouds, new ones a single cloud.
import { type ControlRow, handled } from '../../http/control-row.ts';
import type { NameForm } from '../../http/name-form.ts';

const FIRST_OBJECT_VERSION = '2022-09-01';

export function metadataRow(tenantId: string): ControlRow {
  return handled('arm', 'GET', '/metadata/endpoints', ({ names, query }) => {
    const cloud = describeCloud(names, tenantId);
    const isObject = (query.get('api-version') ?? '') >= FIRST_OBJECT_VERSION;
    return { json: isObject ? cloud : [cloud] };
  });
}

function describeCloud(names: NameForm, tenantId: string): Readonly<Record<string, unknown>> {
  const { arm, graph, audiences } = names;
  const unused = `${arm}/not-provided`;
  return {
    name: names.name,
    resourceManager: `${arm}/`,
    portal: unused,
    authentication: {
      loginEndpoint: names.loginEndpoint,
      audiences: [audiences.arm[0], `${arm}/`],
      tenant: 'common',
      identityProvider: names.loginEndpoint.endsWith('/adfs') ? 'ADFS' : 'AAD',
    },
    homeTenantId: tenantId,
    graph,
    graphAudience: `${graph}/`,
    microsoftGraphResourceId: audiences.graph[0],
    gallery: unused,
    batch: unused,
    media: unused,
    sqlManagement: unused,
    vmImageAliasDoc: unused,
    activeDirectoryDataLake: unused,
    attestationResourceId: unused,
    logAnalyticsResourceId: unused,
    suffixes: {
      mhsmDns: names.instanceSuffix.slice(1),
      keyVaultDns: names.vaultSuffix.slice(1),
      storage: names.storageSuffix,
    },
  };
}
