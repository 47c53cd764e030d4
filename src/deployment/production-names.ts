// The names of a production deployment: one set, of the operator's own domain.
import { handedOnHost, type NameForm } from '../http/name-form.ts';
import type { HostName } from './instance.ts';
import type { ProductionConfig } from './production-config.ts';

const MICROSOFT_GRAPH = 'https://graph.microsoft.com';

export function productionNames({ names, listen, issuers, tenantId }: NamesOf): NameForm {
  const port = names.port ?? listen.port;
  const at = (host: string): string => (port === 443 ? host : `${host}:${port}`);
  const arm = `https://${at(names.resourceManager)}`;
  const graph = names.graph === undefined ? MICROSOFT_GRAPH : `https://${at(names.graph)}`;
  const resource = resourceOf({ names, listen });
  const all = (member: 'audiences' | 'armAudiences') => issuers.flatMap((issuer) => issuer[member] ?? []);
  const login = names.authorization.endsWith(`/${tenantId}`)
    ? names.authorization.slice(0, -tenantId.length - 1)
    : names.authorization;
  return {
    name: 'Strongroom',
    arm,
    login,
    graph,
    loginAliases: [],
    instanceSuffix: `.${at(names.instances)}`,
    // Nothing answers there: names of vaults are the dev profile's.
    vaultSuffix: `.vault.${at(names.instances)}`,
    storageSuffix: `blob.${at(names.instances)}`,
    audiences: {
      arm: all('armAudiences'),
      // Nobody else's Graph would take them.
      graph: names.graph === undefined ? [graph] : [graph, `${graph}/`],
      instances: [resource, ...all('audiences')],
      vaults: [],
    },
    loginEndpoint: names.loginEndpoint ?? login,
    elsewhere: names.graph === undefined ? ['login', 'graph'] : ['login'],
  };
}

type NamesOf = Pick<ProductionConfig, 'names' | 'listen' | 'issuers' | 'tenantId'>;

export function resourceOf({ names, listen }: Pick<ProductionConfig, 'names' | 'listen'>): string {
  const port = names.port ?? listen.port;
  return names.resource ?? `https://${names.instances}${port === 443 ? '' : `:${port}`}`;
}

/** @param aliases lower case */
export function productionHostNames(
  config: ProductionConfig,
  name: string,
  aliases: readonly string[],
): readonly HostName[] {
  const { names, listen } = config;
  const common = { authorization: names.authorization, resource: resourceOf(config) };
  const port = names.port ?? listen.port;
  const own = [name.toLowerCase(), ...aliases].map((label): HostName => {
    const host = `${label}.${names.instances}`;
    return { authority: port === 443 ? host : `${host}:${port}`, ...common };
  });
  return [
    ...own,
    { authority: handedOnHost(name), authorization: names.authorization, resource: armOrigin(config), kind: 'arm' },
  ];
}

function armOrigin(config: ProductionConfig): string {
  return productionNames(config).arm;
}

/** What the certificate of instances must cover for this one. */
export function certificateNames({ names }: Pick<ProductionConfig, 'names'>, name: string, aliases: readonly string[]) {
  return [name.toLowerCase(), ...aliases].map((label) => `${label}.${names.instances}`);
}
