// Where exchanges go: an instance of one's own, or a whole product for what goes through the resource manager. Both are
// reached under the names of the public cloud, by requests that are sent as they were recorded.
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readDevClients } from '../../src/deployment/dev-clients.ts';
import { startAzurite } from '../support/azurite.ts';
import { makeLoopbackCertificate } from '../support/loopback-certificate.ts';
import { call } from '../support/running-control.ts';
import { startRunningInstance } from '../support/running-instance.ts';
import { startProduct } from '../support/running-product.ts';
import type { Json } from './exchanges.ts';

export interface Answered {
  readonly status: number;
  /** Lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

export interface Place extends AsyncDisposable {
  /** Variables that stand for the place, its caller, and what a scenario finds there. */
  enter(): Promise<Readonly<Record<string, string>>>;
  /** The token of `{container}`. */
  sas(scenario: string): string;
  send(method: string, url: string, auth: boolean, body: Json): Promise<Answered>;
}

/** Recorded tests that sent a token which does not read. */
const WITHOUT_EXPIRY = 'js-keyvault-admin/keyvaultbackupclient_beginrestore/throws_when_polling_errors';
const CONTAINER = 'backups';
const ACCOUNT = 'recordings';

/** An active instance and a container. The caller is Administrator, Crypto Officer and Crypto User at `/`. */
export async function startInstancePlace(): Promise<Place> {
  await using opened = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'strongroom-recordings-'));
  opened.defer(() => rm(folder, { recursive: true, force: true }));
  const tls = await makeLoopbackCertificate(folder, `${ACCOUNT}.blob.localhost`);
  const azurite = opened.use(await startAzurite({ folder, tls, account: ACCOUNT }));
  await azurite.makeContainer(CONTAINER);
  const container = azurite.cloudUri(CONTAINER);
  const instance = opened.use(
    await startRunningInstance({
      backupTargets: [{ uri: container, caFile: tls.caFile, addresses: ['127.0.0.1'] }],
    }),
  );
  await instance.activate();
  const me = instance.administrator;
  for (const role of ['Managed HSM Crypto User', 'Managed HSM Crypto Officer']) await instance.assign(role, me);
  const token = await instance.adminToken();
  const [name] = instance.config.hostNames;
  const all = opened.move();
  return {
    enter: async () => ({
      hsm: name?.authority ?? '',
      tenant: instance.issuer.tenantId,
      audience: 'managedhsm.azure.net',
      me,
      container,
    }),
    sas: (scenario) => {
      const sas = azurite.sas(CONTAINER);
      return scenario === WITHOUT_EXPIRY ? sas.replace(/&se=[^&]*/, '') : sas;
    },
    send: (method, url, auth, body) => send(instance, method, url, auth ? token : undefined, body),
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

/** A product without an instance; its caller is an owner, and `{principal1}` of what the scenario makes. */
export async function startProductPlace(): Promise<Place> {
  const product = await startProduct({ demo: false });
  const { tenantId, subscriptionId, applications } = readDevClients(product.data);
  const { appId, secret, oid } = applications.owner;
  const login = async (audience: string): Promise<string> => {
    const { json, text } = await call(
      product.state.port,
      product.ca,
      `https://${LOGIN}/${tenantId}/oauth2/v2.0/token`,
      {
        form: {
          grant_type: 'client_credentials',
          client_id: appId,
          client_secret: secret,
          scope: `${audience}/.default`,
        },
      },
    );
    if (typeof json['access_token'] !== 'string') throw new Error(`no token: ${text}`);
    return json['access_token'];
  };
  const [armToken, hsmToken] = [
    await login('https://management.azure.com'),
    await login('https://managedhsm.azure.net'),
  ];
  const at = { port: product.state.port, ca: product.ca };
  return {
    async enter() {
      const group = `Group-${randomUUID()}`;
      const url = `https://${ARM}/subscriptions/${subscriptionId}/resourcegroups/${group}?api-version=2024-11-01`;
      const made = await send(at, 'PUT', url, armToken, { location: 'local' });
      if (made.status > 299) throw new Error(`no group: ${made.text}`);
      return {
        arm: ARM,
        subscription: subscriptionId,
        tenant: tenantId,
        audience: 'managedhsm.azure.net',
        me: oid,
        principal1: oid,
        group1: group,
      };
    },
    sas: () => {
      throw new Error('no scenario of the resource manager has a container');
    },
    send: (method, url, auth, body) =>
      send(at, method, url, auth ? (new URL(url).host === ARM ? armToken : hsmToken) : undefined, body),
    [Symbol.asyncDispose]: () => product[Symbol.asyncDispose](),
  };
}

const ARM = 'management.azure.com';
const LOGIN = 'login.microsoftonline.com';

async function send(
  { port, ca }: { readonly port: number; readonly ca: string },
  method: string,
  url: string,
  token: string | undefined,
  body: Json,
): Promise<Answered> {
  const { status, headers, text } = await call(port, ca, url, {
    method,
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    ...(body === null ? {} : { json: body }),
  });
  return {
    status,
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)])),
    text,
  };
}
