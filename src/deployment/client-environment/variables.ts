// Which environment variables make stock clients talk to this service: what each of az, the Python, JavaScript and Go
// SDKs, Terraform and curl reads. Only the shell that evaluates them changes.
import { join } from 'node:path';
import { instanceOrigin, type NameForm } from '../../http/name-form.ts';
import type { DevClients } from '../dev-clients.ts';
import type { Variables } from './variable-files.ts';

export interface ClientEnvironment {
  readonly form: NameForm;
  /** Clients find the login endpoint of the public cloud by themselves. */
  readonly isPublicCloud: boolean;
  readonly port: number;
  /** The development authority with those of the system, for who trusts nothing else. */
  readonly caBundle: string;
  /** The same, or the authority alone, for Node, which adds it to a list of its own. */
  readonly caForNode: string;
  /** The same as Java reads it. */
  readonly trustStore: string;
  /** Hosts that are reached without the proxy, as `NO_PROXY` has them. */
  readonly direct: readonly string[];
  readonly dataRoot: string;
  readonly clients: DevClients;
  /** Whether the instance `dev` is there to be named. */
  readonly hasDevInstance: boolean;
}

export const DEV_INSTANCE = 'dev';

export function clientVariables(of: ClientEnvironment): Variables {
  const { admin, owner } = of.clients.applications;
  const proxy = `http://127.0.0.1:${of.port}`;
  const direct = of.direct.join(',');
  return {
    AZURE_TENANT_ID: of.clients.tenantId,
    AZURE_CLIENT_ID: admin.appId,
    AZURE_CLIENT_SECRET: admin.secret,
    AZURE_SUBSCRIPTION_ID: of.clients.subscriptionId,
    AZURE_MANAGEDHSM_URI: of.hasDevInstance ? instanceOrigin(of.form, DEV_INSTANCE) : undefined,
    AZURE_AUTHORITY_HOST: of.isPublicCloud ? undefined : of.form.login,
    // Owns the subscription, and has no role in any instance.
    STRONGROOM_OWNER_CLIENT_ID: owner.appId,
    STRONGROOM_OWNER_CLIENT_SECRET: owner.secret,

    // Terraform and OpenTofu. Azure's names serve it in both forms: it refuses ids of keys that have a port.
    ARM_TENANT_ID: of.clients.tenantId,
    ARM_CLIENT_ID: admin.appId,
    ARM_CLIENT_SECRET: admin.secret,
    ARM_SUBSCRIPTION_ID: of.clients.subscriptionId,
    ARM_ENVIRONMENT: undefined,
    ARM_METADATA_HOSTNAME: undefined,
    ARM_CLIENT_CERTIFICATE: undefined,
    ARM_CLIENT_CERTIFICATE_PATH: undefined,
    ARM_USE_OIDC: undefined,
    ARM_USE_MSI: undefined,

    // az and Python: requests. It prefers its own variable, so a stale one would win.
    REQUESTS_CA_BUNDLE: of.caBundle,
    CURL_CA_BUNDLE: of.caBundle,
    // Go, and everything that asks OpenSSL.
    SSL_CERT_FILE: of.caBundle,
    SSL_CERT_DIR: undefined,
    NODE_EXTRA_CA_CERTS: of.caForNode,

    // Names are resolved by the proxy: neither these of Azure nor *.localhost need to be known to the system.
    HTTPS_PROXY: proxy,
    https_proxy: proxy,
    ALL_PROXY: undefined,
    all_proxy: undefined,
    NO_PROXY: direct,
    no_proxy: direct,

    // The cloud list, token cache and logins of this form, apart from the user's own.
    AZURE_CONFIG_DIR: azConfigFolder(of),
    AZURE_CORE_COLLECT_TELEMETRY: 'false',
    ARM_CLOUD_METADATA_URL: undefined,

    // Other credentials that the SDKs would prefer or mix in.
    AZURE_CLIENT_CERTIFICATE_PATH: undefined,
    AZURE_FEDERATED_TOKEN_FILE: undefined,
    AZURE_USERNAME: undefined,
    AZURE_PASSWORD: undefined,
    IDENTITY_ENDPOINT: undefined,
    IDENTITY_HEADER: undefined,
    MSI_ENDPOINT: undefined,
  };
}

/** The variables whose values open something. */
export const SECRET_VARIABLES: ReadonlySet<string> = new Set([
  'AZURE_CLIENT_SECRET',
  'ARM_CLIENT_SECRET',
  'STRONGROOM_OWNER_CLIENT_SECRET',
  'IDENTITY_HEADER',
]);

/** One for each set of names, and for each port since names of the local form have it. */
export function azConfigFolder(of: Pick<ClientEnvironment, 'dataRoot' | 'isPublicCloud' | 'port'>): string {
  return join(of.dataRoot, 'az', of.isPublicCloud ? 'azure' : `local-${of.port}`);
}
