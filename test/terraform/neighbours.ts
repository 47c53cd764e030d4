// What the acceptance tests of azurerm take from other services than a managed HSM: virtual networks, and a vault that makes
// self-signed certificates. Each keeps what it was given and gives it back; none of it is the product's.
import { createHash, randomBytes } from 'node:crypto';
import { makeCertificates } from '../support/custodian-certificates.ts';
import type { Answer, Neighbour, Request } from './between.ts';

type Body = Readonly<Record<string, unknown>>;

const json = (status: number, body: unknown): Answer => ({ status, body: JSON.stringify(body) });
const missing = json(404, { error: { code: 'ResourceNotFound', message: 'There is none.' } });

const RESOURCE =
  /^(\/subscriptions\/[^/]+)\/resourceGroups\/[^/]+\/providers\/(Microsoft\.KeyVault\/vaults|Microsoft\.Network\/virtualNetworks|Microsoft\.Network\/virtualNetworks\/[^/]+\/subnets)\/([^/]+)$/i;

/** Vaults, virtual networks and subnets as Resource Manager keeps them; for a fresh one each. */
export function foreignResources(): Neighbour {
  const kept = new Map<string, Body>();
  return ({ method, url, body }) => {
    if (url.hostname !== 'management.azure.com') return undefined;
    if (/\/(deletedVaults)(\/|$)/i.test(url.pathname)) {
      if (url.pathname.endsWith('/purge'))
        return { status: 202, headers: { location: `${url.origin}${url.pathname}/done` } };
      // Without a state in it, the provider takes it for under way, and asks for half an hour.
      if (url.pathname.endsWith('/purge/done')) return json(200, { status: 'Succeeded' });
      return url.pathname.includes('locations') ? missing : undefined;
    }
    if (method === 'GET' && /^\/subscriptions\/[^/]+\/providers\/Microsoft\.KeyVault\/vaults$/i.test(url.pathname)) {
      const vaults = [...kept.values()].filter(({ type }) => type === 'Microsoft.KeyVault/vaults');
      return json(200, { value: vaults });
    }
    const [, , type = '', name = ''] = RESOURCE.exec(url.pathname) ?? [];
    if (name === '') return undefined;
    const at = url.pathname.toLowerCase();
    if (method === 'PUT') {
      const given = JSON.parse(body) as Body & { properties?: Body };
      const vaultUri = type.toLowerCase().endsWith('vaults') ? { vaultUri: `https://${name}.vault.azure.net/` } : {};
      const properties = { ...given.properties, ...vaultUri, provisioningState: 'Succeeded' };
      kept.set(at, { ...given, id: url.pathname, name, type, properties });
    }
    const found = kept.get(at);
    if (method === 'DELETE') {
      kept.delete(at);
      return { status: found === undefined ? 204 : 200 };
    }
    return found === undefined ? missing : json(200, found);
  };
}

interface Certificate {
  readonly version: string;
  readonly policy: Body;
  readonly der: Buffer;
}

/** `*.vault.azure.net`: certificates made on demand, their keys thrown away. */
export function vaultCertificates(tenant: string): Neighbour {
  const challenge = `Bearer authorization="https://login.microsoftonline.com/${tenant}", resource="https://vault.azure.net"`;
  const kept = new Map<string, Certificate>();
  return async ({ method, url, body, authorized }: Request) => {
    if (!url.hostname.endsWith('.vault.azure.net')) return undefined;
    if (!authorized) return { ...json(401, {}), headers: { 'www-authenticate': challenge } };
    const [, noun = '', name = '', verb = ''] = url.pathname.split('/');
    const at = `${url.hostname}/${name}`;
    if (noun !== 'certificates' || name === 'contacts') {
      return method === 'DELETE' ? { status: 204 } : noun === '' ? json(200, {}) : missing;
    }
    if (method === 'POST' && verb === 'create') {
      const { policy = {} } = JSON.parse(body) as { policy?: Body };
      const [der = ''] = await makeCertificates(1);
      kept.set(at, { version: randomBytes(16).toString('hex'), policy, der: Buffer.from(der, 'base64') });
      return json(202, { status: 'inProgress' });
    }
    const found = kept.get(at);
    if (found === undefined) return missing;
    if (verb === 'pending') return json(200, { status: 'completed' });
    if (method === 'DELETE') kept.delete(at);
    return json(200, describe(url.origin, name, found));
  };
}

function describe(origin: string, name: string, { version, policy, der }: Certificate): Body {
  const own = (noun: string): string => `${origin}/${noun}/${name}/${version}`;
  return {
    id: own('certificates'),
    kid: own('keys'),
    sid: own('secrets'),
    x5t: createHash('sha1').update(der).digest('base64url'),
    cer: der.toString('base64'),
    attributes: { enabled: true, nbf: 1, exp: 4_102_444_800, created: 1, updated: 1, recoveryLevel: 'Purgeable' },
    policy,
  };
}
