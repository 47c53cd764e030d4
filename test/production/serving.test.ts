// A production deployment from nothing to a wrapped key: made by its owner over the resource manager, closed until a rule
// lets somebody in, under the operator's names, certificates, issuer and passphrase.
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { connect as connectPlain } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { places } from '../../src/deployment/data-layout.ts';
import { openEntries } from '../../src/features/audit/read-entries.ts';
import { writeLocalHeader, writeProxyHeader } from '../../src/formats/proxy-protocol.ts';
import { parseVkey } from '../../src/formats/signed-note.ts';
import type { AuditEntry } from '../../src/links/recorder/audit-log.ts';
import { verifyLog } from '../../src/tools/audit/verify/verify-log.ts';
import { makeCertificates } from '../support/custodian-certificates.ts';
import { freePort } from '../support/free-port.ts';
import type { Reply } from '../support/running-instance.ts';
import {
  ARM,
  ARM_AUDIENCE,
  type Ask,
  ask,
  connectTo,
  DOMAIN,
  GRAPH,
  makeSite,
  type Running,
  type Site,
} from '../support/running-production.ts';

const NAME = 'vault1';
const HSM = `https://${NAME}.${DOMAIN}`;
/** Strict separation takes two administrators at least. */
const SECOND = '22222222-2222-4333-8444-555555555555';
/** As `az keyvault create` writes them when its user says nothing of the network. */
const STOCK_RULES = { bypass: 'AzureServices', defaultAction: 'Allow' };
const KEY_USER = '33333333-2222-4333-8444-555555555555';
const VERSION = 'api-version=7.4';
const ARM_VERSION = 'api-version=2023-07-01';

describe('a production deployment', () => {
  let site: Site;
  let running: Running;
  let config: Record<string, unknown>;
  before(async () => {
    site = await makeSite();
    config = {
      ...site.config,
      tls: { ...(site.config.tls as object), minVersion: 'TLSv1.2' },
      limits: { principals: { burst: 500, perSecond: 100 }, connectionsPerAddress: 200 },
    };
    await site.write(config);
    running = await site.start();
  });
  after(async () => {
    await running?.[Symbol.asyncDispose]();
    await site[Symbol.asyncDispose]();
  });

  const armToken = (): Promise<string> => site.issuer.token(site.owner, { aud: ARM_AUDIENCE, idtyp: 'user' });
  const dataToken = (): Promise<string> => site.issuer.token(site.owner, { aud: `https://${DOMAIN}`, idtyp: 'user' });
  const keyToken = (): Promise<string> => site.issuer.token(KEY_USER, { aud: `https://${DOMAIN}` });
  const keys = async (own: Ask = {}): Promise<Reply> => data('GET', '/keys', { token: await keyToken(), ...own });
  const arm = async (method: string, path: string, body?: unknown): Promise<Reply> =>
    ask(site, method, `https://${ARM}${path}`, { token: await armToken(), body });
  const data = async (method: string, path: string, own: Ask = {}): Promise<Reply> =>
    ask(site, method, `${HSM}${path}${path.includes('?') ? '&' : '?'}${VERSION}`, { token: await dataToken(), ...own });
  const idOf = (): string => {
    const { id } = site.config.subscription as { id: string };
    return `/subscriptions/${id}/resourceGroups/keys/providers/Microsoft.KeyVault/managedHSMs/${NAME}`;
  };
  const settled = async (): Promise<Record<string, unknown>> => {
    for (;;) {
      const { json, text } = await arm('GET', `${idOf()}?${ARM_VERSION}`);
      const { properties } = json as { properties: Record<string, unknown> };
      if (properties.provisioningState === 'Succeeded') return properties;
      if (properties.provisioningState === 'Failed') assert.fail(`${text} ${running.output}`);
      await delay(50);
    }
  };

  test('answers under its names alone, with the issuer and resource that were configured', async () => {
    const { json } = await ask(site, 'GET', `https://${ARM}/metadata/endpoints?api-version=2022-09-01`);
    const cloud = json as Record<string, unknown> & { authentication: Record<string, unknown> };
    assert.equal(cloud.resourceManager, `https://${ARM}/`);
    assert.equal(cloud.authentication.loginEndpoint, 'https://login.example.org');
    assert.equal(cloud.microsoftGraphResourceId, `https://${GRAPH}`);
    const login = await ask(site, 'GET', `https://${ARM}/`, { host: 'login.example.org' });
    assert.equal(login.status, 421, 'no token issuer is served');
    const { status } = await ask(site, 'GET', `https://${ARM}/subscriptions?api-version=2022-12-01`);
    assert.equal(status, 401);
    assert.deepEqual(
      readdirSync(site.data).filter((name) => ['ca', 'env.sh', 'dev-clients.json'].includes(name)),
      [],
      'nothing of the dev profile is made',
    );
  });

  test('is no proxy, and says nothing to what is not TLS', async () => {
    const socket = connectPlain(site.port, '127.0.0.1');
    socket.end(`CONNECT ${ARM}:443 HTTP/1.1\r\n\r\n`);
    let said = '';
    socket.on('data', (chunk) => {
      said += String(chunk);
    });
    await once(socket, 'close');
    assert.equal(said, '');
  });

  test('looks up only whom the configuration names', async () => {
    const token = await armToken();
    const found = await ask(site, 'POST', `https://${GRAPH}/v1.0/directoryObjects/getByIds`, {
      token,
      body: { ids: [site.owner, '11111111-2222-3333-4444-555555555555'] },
    });
    const { value } = found.json as { value: { displayName: string }[] };
    assert.deepEqual(
      value.map(({ displayName }) => displayName),
      ['The owner'],
    );
  });

  test('lets its owner make an HSM, and nobody else', async () => {
    const { id } = site.config.subscription as { id: string };
    const stranger = await site.issuer.token('99999999-2222-3333-4444-555555555555', { aud: ARM_AUDIENCE });
    const group = `https://${ARM}/subscriptions/${id}/resourceGroups/keys?api-version=2021-04-01`;
    const body = { location: 'westeurope' };
    assert.equal((await ask(site, 'PUT', group, { token: stranger, body })).status, 403);
    assert.equal((await ask(site, 'PUT', group, { token: await dataToken(), body })).status, 401, 'of the data plane');
    assert.equal((await ask(site, 'PUT', group, { token: await armToken(), body })).status, 201);
    const make = (...initialAdminObjectIds: readonly string[]): Promise<Reply> =>
      arm('PUT', `${idOf()}?${ARM_VERSION}`, {
        location: 'westeurope',
        sku: { family: 'B', name: 'Standard_B1' },
        properties: { tenantId: site.config.tenantId, initialAdminObjectIds, networkAcls: STOCK_RULES },
      });
    const lone = await make(site.owner);
    assert.equal(lone.status, 400, lone.text);
    assert.match(lone.text, /name at least two people/);
    const made = await make(site.owner, SECOND);
    assert.equal(made.status, 202, made.text);
    const { networkAcls } = (await settled()) as { networkAcls: Record<string, unknown> };
    assert.equal(networkAcls.defaultAction, 'Deny', 'closed unless its maker says otherwise');
    assert.equal((await make(site.owner, SECOND)).status, 200);
    assert.deepEqual(
      (await settled()).networkAcls,
      networkAcls,
      'what az writes by itself opens nothing afterwards either',
    );
  });

  test('keeps its root keys under the passphrase from the start, and separation is strict', () => {
    const folder = join(site.data, 'instances', NAME);
    const header = readFileSync(join(folder, 'module', 'state.sealed')).toString('latin1');
    assert.match(header, /passphrase/);
    assert.deepEqual(
      readdirSync(join(folder, 'module')).filter((name) => /key/i.test(name)),
      [],
      'no key file lies beside it',
    );
    const config = JSON.parse(readFileSync(join(folder, 'instance.json'), 'utf8')) as Record<string, unknown>;
    assert.equal(config.separation, 'strict');
    assert.equal(config.profile, 'production');
  });

  test('refuses everybody until a rule names them', async () => {
    const refused = await data('GET', '/keys');
    assert.equal(refused.status, 403, refused.text);
    assert.match(refused.text, /Client address \(127\.0\.0\.1\) is not authorized/);
    const meant = await arm('PATCH', `${idOf()}?${ARM_VERSION}`, {
      properties: { networkAcls: { defaultAction: 'Allow' } },
    });
    assert.ok(meant.status < 300, meant.text);
    await settled();
    assert.equal((await ask(site, 'GET', `${HSM}/keys?${VERSION}`)).status, 401, 'open where that is said');
    const opened = await arm('PATCH', `${idOf()}?${ARM_VERSION}`, {
      properties: { networkAcls: { defaultAction: 'Deny', ipRules: [{ value: '127.0.0.1/32' }] } },
    });
    assert.ok(opened.status === 200 || opened.status === 202, opened.text);
    await settled();
    const challenged = await ask(site, 'GET', `${HSM}/keys?${VERSION}`);
    assert.equal(challenged.status, 401);
    assert.equal(
      challenged.headers['www-authenticate'],
      `Bearer authorization="https://login.example.org/${String(site.config.tenantId)}", resource="https://${DOMAIN}"`,
    );
  });

  test('is activated by its ceremony, and wraps', async () => {
    const certificates = (await makeCertificates(3)).map((der) => ({ kty: 'RSA', x5c: [der] }));
    const domain = await data('POST', '/securitydomain/download', { body: { certificates, required: 2 } });
    assert.equal(domain.status, 202, domain.text);
    await assignCryptoUser();
    const token = await keyToken();
    const made = await data('POST', '/keys/first/create', { token, body: { kty: 'RSA-HSM', key_size: 2048 } });
    assert.equal(made.status, 200, made.text);
    const value = Buffer.alloc(32, 7).toString('base64url');
    const wrapped = await data('POST', '/keys/first/wrapkey', { token, body: { alg: 'RSA-OAEP-256', value } });
    assert.equal(wrapped.status, 200, wrapped.text);
    const opened = await data('POST', '/keys/first/unwrapkey', {
      token,
      body: { alg: 'RSA-OAEP-256', value: (wrapped.json as { value: string }).value },
    });
    assert.equal((opened.json as { value: string }).value, value);
  });

  test('agrees on keys that a quantum computer does not break, and offers 1.2 with authenticated encryption only', async () => {
    // The group is not told by Node: a client that knows no other gets through, or it does not.
    for (const name of [`${NAME}.${DOMAIN}`, ARM]) {
      const hybrid = await connectTo(site, name, { ecdhCurve: 'X25519MLKEM768' });
      assert.equal(hybrid.getProtocol(), 'TLSv1.3');
      hybrid.destroy();
      const { standardName } = await cipherOf(name, { maxVersion: 'TLSv1.2' });
      assert.match(standardName, /GCM|CHACHA20/);
      await assert.rejects(cipherOf(name, { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-SHA256' }));
    }
  });

  test('a private listener is judged by its connection, whatever the address rules say', async () => {
    const connection = await makeEndpoint();
    const privatePort = await freePort();
    const [plant, proxied] = [join(site.folder, 'plant.sock'), join(site.folder, 'proxied.sock')];
    config = {
      ...config,
      privateListeners: [
        {
          instance: NAME,
          connection,
          address: '127.0.0.1',
          port: privatePort,
          proxies: { from: ['127.0.0.1/32'] },
        },
        { instance: NAME, connection, socket: plant },
        { instance: NAME, connection: 'of-nobody', socket: proxied, proxies: 'socket' },
      ],
    };
    await restart();
    const throughProxy = (header: Buffer): Promise<TLSSocket> => {
      const raw = connectPlain(privatePort, '127.0.0.1');
      raw.write(header);
      return secured({ socket: raw });
    };
    const header = writeProxyHeader('203.0.113.9', 4711);
    const host = `${NAME}.${DOMAIN}:${privatePort}`;
    const open = await throughProxy(header);
    assert.equal((await keys({ socket: open, host })).status, 200, 'no address rule names 203.0.113.9');
    assert.equal((await keys({ socket: await throughProxy(writeLocalHeader()), host })).status, 200);
    assert.equal((await keys({ host })).status, 421, 'with that port it is a name by that way alone');
    assert.equal((await keys({ socket: await secured({ path: plant }) })).status, 200);
    assert.equal(statSync(plant).mode & 0o777, 0o660);
    await decide(connection, 'Rejected');
    const rejected = await keys({ socket: open, host });
    assert.equal(rejected.status, 403, 'on the open connection too');
    assert.match(rejected.text, /is not an approved private link/);
    assert.equal((await keys({ socket: await secured({ path: plant }) })).status, 403);
    assert.equal((await keys()).status, 200, 'the public way is as it was');
    // What does not begin with a PROXY header is ended where one is expected.
    await assert.rejects(secured({ path: proxied }));
    const raw = connectPlain(proxied);
    raw.write(header);
    const stranger = await keys({ socket: await secured({ socket: raw }) });
    assert.match(stranger.text, /'of-nobody' is not approved/);
  });

  test('takes up a renewed certificate without dropping a connection, and refuses one that is not good', async () => {
    const open = await connectTo(site, `${NAME}.${DOMAIN}`);
    // A connection that has asked nothing is ended before the renewal is certain to have been seen.
    assert.equal((await keys({ socket: open })).status, 200);
    const fingerprint = (pem: string): string => new X509Certificate(pem).fingerprint256;
    const next = await site.authority.issue([`*.${DOMAIN}`]);
    await replacePair('instances', next);
    await shown(`${NAME}.${DOMAIN}`, fingerprint(next.certificate));
    assert.equal((await keys({ socket: open })).status, 200, 'the connection from before goes on');
    const control = await site.authority.issue([ARM, GRAPH]);
    await replacePair('resource-manager', control);
    await shown(ARM, fingerprint(control.certificate));
    await replacePair('instances', await site.authority.issue(['elsewhere.example.org']));
    for (const ends = performance.now() + 240_000; !running.output.includes('does not cover'); await delay(100)) {
      assert.ok(performance.now() < ends, running.output);
    }
    await shown(`${NAME}.${DOMAIN}`, fingerprint(next.certificate));
    await replacePair('instances', next);
  });

  test('has on record who made the HSM, who let whom in, and who was refused that', () => {
    const { audit, verifierKey } = places(site.data).management;
    const entries = [...openEntries(audit).from(0)].map(({ text }) => JSON.parse(text) as AuditEntry);
    const HSMS = 'Microsoft.KeyVault/managedHSMs';
    const ofOwner = entries.filter(({ identity }) => identity.includes(site.owner));
    const changes = ({ properties }: AuditEntry, name: string) =>
      (properties['detail'] as { changes?: Record<string, { before: unknown; after: unknown }> } | undefined)
        ?.changes?.[name];
    const made = ofOwner.find((entry) => changes(entry, 'state')?.before === null);
    assert.deepEqual([made?.PoolName, made?.resultSignature], [NAME, 'Accepted']);
    const approved = ofOwner.find(({ operationName }) => operationName === `${HSMS}/privateEndpointConnections/write`);
    assert.equal(approved?.resourceId, idOf().toUpperCase());
    const opened = ofOwner.find((entry) => Array.isArray(changes(entry, 'ipRules')?.before));
    assert.equal(opened?.operationName, `${HSMS}/write`);
    const denied = entries.find(({ httpStatusCode }) => httpStatusCode === 403);
    assert.equal(denied?.decision, 'deny');
    const owners = entries.find(
      ({ operationName }) => operationName === 'Microsoft.Authorization/roleAssignments/write',
    );
    assert.deepEqual((owners?.properties['detail'] as { principalId: string }).principalId, site.owner);
    const asked = entries.find(({ operationName }) => operationName === 'Strongroom/instances/provision/action');
    assert.equal(asked?.PoolName, NAME);
    const { damage } = verifyLog({ folder: audit, verifier: parseVkey(readFileSync(verifierKey, 'utf8').trim()) });
    assert.deepEqual(damage, []);
  });

  test('starts again by itself, unlocked by the passphrase file, with everything as it was', async () => {
    await restart();
    const listed = await keys();
    assert.equal(listed.status, 200, listed.text);
    assert.equal((listed.json as { value: unknown[] }).value.length, 1);
    assert.deepEqual(running.state.origins, { [NAME]: [HSM] });
  });

  async function assignCryptoUser(): Promise<void> {
    const roles = await data('GET', '/providers/Microsoft.Authorization/roleDefinitions');
    const { value } = roles.json as { value: { id: string; properties: { roleName: string } }[] };
    const role = value.find(({ properties }) => properties.roleName === 'Managed HSM Crypto User')?.id;
    const path = '/providers/Microsoft.Authorization/roleAssignments/44444444-2222-4333-8444-555555555555';
    const body = { properties: { roleDefinitionId: role, principalId: KEY_USER } };
    const made = await data('PUT', path, { body, headers: { 'x-strongroom-reason': 'The first key is made' } });
    assert.equal(made.status, 201, made.text);
  }
  async function restart(): Promise<void> {
    assert.equal(await running.stop(), 0);
    await site.write(config);
    running = await site.start();
    for (const ends = performance.now() + 240_000; performance.now() < ends; await delay(50)) {
      if (running.state.instances[NAME]?.activation === 'Active') return;
    }
    assert.fail(running.output);
  }

  /** Its owner is the HSM's: the connection is approved at once. @returns the connection's name */
  async function makeEndpoint(): Promise<string> {
    const { id } = site.config.subscription as { id: string };
    const network = `/subscriptions/${id}/resourceGroups/keys/providers/Microsoft.Network`;
    const made = await arm('PUT', `${network}/privateEndpoints/plant?api-version=2023-09-01`, {
      location: 'westeurope',
      properties: {
        subnet: { id: `${network}/virtualNetworks/v/subnets/s` },
        privateLinkServiceConnections: [
          { name: 'plant', properties: { privateLinkServiceId: idOf(), groupIds: ['managedhsm'] } },
        ],
      },
    });
    assert.ok(made.status < 300, made.text);
    const { privateEndpointConnections = [] } = (await settled()) as {
      privateEndpointConnections?: { readonly id: string }[];
    };
    return privateEndpointConnections[0]?.id.split('/').at(-1) ?? '';
  }

  async function decide(connection: string, status: 'Approved' | 'Rejected'): Promise<void> {
    const path = `${idOf()}/privateEndpointConnections/${connection}?${ARM_VERSION}`;
    const body = { properties: { privateLinkServiceConnectionState: { status, description: 'by test' } } };
    const decided = await arm('PUT', path, body);
    assert.ok(decided.status < 300, decided.text);
    await settled();
  }

  function secured(place: {
    readonly socket?: ReturnType<typeof connectPlain>;
    readonly path?: string;
  }): Promise<TLSSocket> {
    const socket = connectTls({ ...place, servername: `${NAME}.${DOMAIN}`, ca: site.authority.certificate });
    return once(socket, 'secureConnect').then(() => socket); // rejects with its error
  }

  async function cipherOf(name: string, options: Readonly<Record<string, unknown>>): Promise<{ standardName: string }> {
    const socket = await connectTo(site, name, options);
    const cipher = socket.getCipher();
    socket.destroy();
    return cipher;
  }

  async function replacePair(name: string, { key, certificate }: { key: string; certificate: string }): Promise<void> {
    for (const [ending, content] of [
      ['key', key],
      ['pem', certificate],
    ] as const) {
      await rename(await site.file(`${name}.${ending}.next`, content), join(site.folder, `${name}.${ending}`));
    }
  }

  /** Looked for every 10 s by the supervisor, and again by those whom it gives it to. */
  async function shown(name: string, fingerprint: string): Promise<void> {
    for (const ends = performance.now() + 240_000; ; ) {
      assert.ok(performance.now() < ends, `${name} does not show it: ${running.output}`);
      const socket = await connectTo(site, name);
      const now = socket.getPeerX509Certificate()?.fingerprint256;
      socket.destroy();
      if (now === fingerprint) return;
      await delay(200);
    }
  }
});
