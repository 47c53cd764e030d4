import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { SignJWT } from 'jose';
import { OPEN_NETWORK } from '../../src/formats/network-rules.ts';
import { type Reply, type RunningControl, runControl } from '../support/running-control.ts';
import { CHECKOUT } from '../support/running-product.ts';

const ARM = 'https://management.azure.com';
const AUDIENCE = 'https://management.core.windows.net/';
const VERSION = 'api-version=2024-11-01';

describe('the resource manager', () => {
  let control: RunningControl;
  let admin: string;
  let subscription: string;
  before(async () => {
    control = await runControl();
    admin = await control.token(control.secrets.applications.admin, AUDIENCE);
    const reply = await control.call(`${ARM}/subscriptions?${VERSION}`, {
      headers: { authorization: `Bearer ${admin}` },
    });
    subscription = (reply.json.value as readonly { readonly subscriptionId: string }[])[0]?.subscriptionId ?? '';
  });
  after(() => control[Symbol.asyncDispose]());
  beforeEach(() => {
    control.host.gate = async () => {};
  });

  const call = (method: string, path: string, json?: unknown, token = admin, origin = ARM): Promise<Reply> =>
    control.call(`${origin}/subscriptions/${subscription}${path}${path.includes('?') ? '&' : '?'}${VERSION}`, {
      method,
      headers: { authorization: `Bearer ${token}` },
      ...(json === undefined ? {} : { json }),
    });
  const providers = '/providers/Microsoft.KeyVault';
  const hsm = (name: string, group = 'rg'): string => `/resourceGroups/${group}${providers}/managedHSMs/${name}`;
  const body = (changes: object = {}, properties: object = {}): object => ({
    location: 'eastus2',
    sku: { family: 'B', name: 'Standard_B1' },
    properties: {
      tenantId: control.secrets.tenantId,
      initialAdminObjectIds: [control.secrets.applications.admin.oid],
      enableSoftDelete: true,
      softDeleteRetentionInDays: 7,
      networkAcls: { bypass: 'AzureServices', defaultAction: 'Allow' },
      ...properties,
    },
    ...changes,
  });
  const code = (reply: Reply): unknown => (reply.json.error as { readonly code: string }).code;
  const properties = (reply: Reply) => reply.json.properties as Readonly<Record<string, unknown>>;
  /** Polls what `Location` names until it ends; every poll must be one that the client understands. */
  const finish = async (started: Reply): Promise<Reply> => {
    assert.equal(started.status, 202, started.text);
    let reply = started;
    while (reply.status === 202) {
      assert.equal(reply.headers['retry-after'], '1');
      reply = await control.call(String(reply.headers.location), { headers: { authorization: `Bearer ${admin}` } });
      await new Promise(setImmediate);
    }
    return reply;
  };
  const group = (name = 'rg'): Promise<Reply> => call('PUT', `/resourcegroups/${name}`, { location: 'eastus2' });
  const create = async (name: string, changes: object = {}, more: object = {}): Promise<Reply> => {
    await group();
    return finish(await call('PUT', hsm(name), body(changes, more)));
  };

  test('describes the cloud as a list or an object, under the names that were used', async () => {
    const old = await control.call(`${ARM}/metadata/endpoints?api-version=2019-05-01`);
    const [cloud] = JSON.parse(old.text) as readonly Readonly<Record<string, Record<string, unknown>>>[];
    assert.equal(cloud?.suffixes?.mhsmDns, 'managedhsm.azure.net');
    const local = await control.call(
      `https://arm.localhost:${control.port}/metadata/endpoints?api%2Dversion=2022-09-01`,
    );
    const { suffixes, authentication, resourceManager } = local.json as Readonly<
      Record<string, Record<string, unknown>>
    >;
    assert.equal(suffixes?.mhsmDns, `managedhsm.localhost:${control.port}`);
    assert.equal(authentication?.loginEndpoint, `https://login.localhost:${control.port}`);
    // Terraform takes everything else for Azure Stack, which it refuses.
    assert.deepEqual([authentication?.identityProvider, authentication?.tenant], ['AAD', 'common']);
    assert.equal(resourceManager, `https://arm.localhost:${control.port}/`);
  });

  test('keeps resource groups', async () => {
    assert.equal((await call('PUT', '/resourcegroups/First', { location: 'East US 2', tags: { a: 'b' } })).status, 201);
    assert.equal((await call('PUT', '/resourceGroups/FIRST', { location: 'eastus2' })).status, 200);
    assert.equal((await call('GET', '/resourceGroups/first')).json.name, 'First');
    assert.equal((await call('HEAD', '/resourceGroups/first')).status, 204);
    assert.equal((await call('HEAD', '/resourceGroups/other')).status, 404);
    assert.equal(
      code(await call('PUT', '/resourceGroups/First', { location: 'westus' })),
      'InvalidResourceGroupLocation',
    );
    assert.equal(code(await call('PUT', '/resourceGroups/ends.', { location: 'eastus2' })), 'InvalidResourceGroupName');
    assert.equal(
      code(await call('PUT', '/resourceGroups/x', { location: 'atlantis' })),
      'LocationNotAvailableForResourceType',
    );
    assert.equal((await call('DELETE', '/resourceGroups/first')).status, 200);
    assert.equal(code(await call('GET', '/resourceGroups/first')), 'ResourceGroupNotFound');
  });

  describe('creating a managed HSM', () => {
    test('answers 202 at once, 202 while it goes on, and the resource when the instance is there', async () => {
      await group();
      const { promise, resolve } = Promise.withResolvers<void>();
      control.host.gate = () => promise;
      const started = await call('PUT', hsm('First-HSM'), body({ tags: { team: 'keys' } }));
      assert.equal(started.status, 202);
      assert.equal(started.text, '');
      const location = String(started.headers.location);
      assert.ok(
        location.startsWith(
          `${ARM}/subscriptions/${subscription}${providers}/locations/eastus2/managedHsmOperationResults/`,
        ),
      );
      const headers = { authorization: `Bearer ${admin}` };
      assert.equal((await control.call(location, { headers })).status, 202);
      assert.equal(properties(await call('GET', hsm('first-hsm'))).provisioningState, 'Provisioning');
      resolve();
      const done = await finish(started);
      assert.equal(done.status, 200);
      assert.equal(properties(done).hsmUri, 'https://first-hsm.managedhsm.azure.net/');
      assert.equal(properties(done).provisioningState, 'Succeeded');
      assert.deepEqual(done.json.tags, { team: 'keys' });
      assert.deepEqual(
        (properties(done).securityDomainProperties as Record<string, unknown>).activationStatus,
        'NotActivated',
      );
      assert.deepEqual(control.host.provisioned.at(-1), {
        name: 'first-hsm',
        tenantId: control.secrets.tenantId,
        resourceId: `/subscriptions/${subscription}/resourceGroups/rg${providers}/managedHSMs/First-HSM`,
        region: 'eastus2',
        initialAdministrators: [control.secrets.applications.admin.oid],
        softDeleteRetentionInDays: 7,
        purgeProtection: false,
        network: OPEN_NETWORK,
      });
    });

    test('makes one instance however often it is asked for while it is being made', async () => {
      await group();
      const { promise, resolve } = Promise.withResolvers<void>();
      control.host.gate = () => promise;
      const before = control.host.provisioned.length;
      const replies = await Promise.all(Array.from({ length: 5 }, () => call('PUT', hsm('once'), body())));
      resolve();
      await Promise.all(replies.map(finish));
      assert.equal(control.host.provisioned.length, before + 1);
      assert.equal(new Set(replies.map((reply) => reply.headers.location)).size, 1);
    });

    test('shows the names of whoever asks', async () => {
      await create('two-names');
      const local = await call('GET', hsm('two-names'), undefined, admin, `https://arm.localhost:${control.port}`);
      assert.equal(properties(local).hsmUri, `https://two-names.managedhsm.localhost:${control.port}/`);
    });

    test('says why it failed, and can be tried again', async () => {
      await group();
      control.host.gate = () => Promise.reject(new Error('the disk is full'));
      const failed = await finish(await call('PUT', hsm('unlucky'), body()));
      assert.equal(failed.status, 409);
      assert.match(failed.text, /the disk is full/);
      assert.equal(properties(await call('GET', hsm('unlucky'))).provisioningState, 'Failed');
      control.host.gate = async () => {};
      assert.equal(properties(await finish(await call('PUT', hsm('unlucky'), body()))).provisioningState, 'Succeeded');
    });

    test('refuses what is wrong, and what this release cannot do, by name', async () => {
      await group();
      const cases: readonly (readonly [object, RegExp])[] = [
        [body({ location: undefined }), /location is missing/],
        [body({ sku: undefined }), /sku is missing/],
        [body({ sku: { family: 'C', name: 'Standard_B1' } }), /family/],
        [body({ sku: { family: 'B', name: 'Basic' } }), /sku\.name/],
        [body({ identity: { type: 'SystemAssigned' } }), /no identity of its own/],
        [body({}, { tenantId: randomUUID() }), /tenantId must be/],
        [body({}, { initialAdminObjectIds: [] }), /at least one administrator/],
        [body({}, { initialAdminObjectIds: ['alice'] }), /initialAdminObjectIds\[0\] must be a GUID/],
        [body({}, { initialAdminObjectIds: undefined }), /at least one administrator/],
        [body({}, { softDeleteRetentionInDays: 6 }), /from 7 to 90/],
        [body({}, { enableSoftDelete: false }), /soft delete cannot be turned off/],
        [body({}, { networkAcls: { defaultAction: 'Sometimes' } }), /defaultAction must be one of: Allow, Deny/],
        [
          body({}, { networkAcls: { ipRules: [{ value: '1.2.3.4/8' }] } }),
          /ipRules\[0\]\.value: '1\.2\.3\.4\/8' has bits/,
        ],
        [body({}, { networkAcls: { ipRules: [{ value: 'fe80::1%eth0' }] } }), /no IP range/],
        [body({}, { networkAcls: { virtualNetworkRules: [{ id: '/x' }] } }), /no virtual networks here/],
        [body({}, { networkAcls: { serviceTags: [{ tag: 'x' }] } }), /no service tags here/],
        [body({}, { publicNetworkAccess: 'Perhaps' }), /publicNetworkAccess must be one of/],
        [body({}, { regions: [{ name: 'westus' }] }), /one region/],
      ];
      for (const [json, message] of cases) {
        const reply = await call('PUT', hsm('refused'), json);
        assert.equal(reply.status, 400, reply.text);
        assert.match(reply.text, message);
      }
      for (const name of ['ab', '1abc', 'a--b', 'abc-', 'a'.repeat(25), 'a.b.c', 'a_b', 'x%2Fy', '%C3%A4bc']) {
        assert.equal((await call('PUT', hsm(name), body())).status, 400, name);
      }
      assert.equal(code(await call('PUT', hsm('fine', 'nowhere'), body())), 'ResourceGroupNotFound');
      assert.equal((await call('GET', hsm('refused'))).status, 404);
    });
  });

  test('says who answered: the provider, or for a whole subscription the resource manager by its request', async () => {
    const version = async (path: string): Promise<unknown> =>
      (await call('GET', path)).headers['x-ms-keyvault-service-version'];
    const { version: expected } = JSON.parse(await readFile(join(CHECKOUT, 'package.json'), 'utf8')) as {
      readonly version: string;
    };
    assert.equal(await version(hsm('nowhere')), expected);
    assert.equal(await version('/resourceGroups'), undefined);
    for (const list of ['managedHSMs', 'deletedManagedHSMs']) {
      const { headers } = await call('GET', `${providers}/${list}`);
      assert.equal(headers['x-ms-original-request-ids'], headers['x-ms-request-id']);
      assert.equal(headers['x-ms-keyvault-service-version'], undefined);
    }
  });

  test('lists by group and by subscription', async () => {
    await create('listed');
    const names = (reply: Reply) => (reply.json.value as readonly { readonly name: string }[]).map(({ name }) => name);
    assert.ok(names(await call('GET', `${providers}/managedHSMs`)).includes('listed'));
    assert.ok(names(await call('GET', `/resourceGroups/RG${providers}/managedHSMs`)).includes('listed'));
    await group('empty');
    assert.deepEqual(names(await call('GET', `/resourceGroups/empty${providers}/managedHSMs`)), []);
  });

  test('changes tags, ignores other administrators and refuses what was settled at creation', async () => {
    const made = await create('changing');
    const full = { ...made.json, tags: { new: 'tag' } };
    const changed = await call('PUT', hsm('changing'), full);
    assert.equal(changed.status, 200, changed.text);
    assert.deepEqual(changed.json.tags, { new: 'tag' });
    const patched = await call('PATCH', hsm('changing'), { tags: { other: 'tag' } });
    assert.deepEqual(patched.json.tags, { other: 'tag' });
    const administrators = await call('PUT', hsm('changing'), body({}, { initialAdminObjectIds: [randomUUID()] }));
    assert.deepEqual(properties(administrators).initialAdminObjectIds, [control.secrets.applications.admin.oid]);
    for (const other of [
      body({ location: 'westus' }),
      body({ sku: { family: 'B', name: 'Custom_B6' } }),
      body({}, { softDeleteRetentionInDays: 90 }),
    ]) {
      assert.equal((await call('PUT', hsm('changing'), other)).status, 400);
    }
    assert.equal((await call('PUT', hsm('changing', 'empty'), body())).status, 409);
  });

  test('keeps the identities that are assigned to an HSM, and shows them as they were given', async () => {
    const id = `/subscriptions/${subscription}/resourceGroups/rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/Uai`;
    const identity = { type: 'UserAssigned', userAssignedIdentities: { [id]: {} } };
    const made = await create('identified', { identity });
    assert.deepEqual(made.json.identity, identity);
    assert.deepEqual((await call('PATCH', hsm('identified'), { tags: { a: 'b' } })).json.identity, identity);
    const whole = (await call('GET', hsm('identified'))).json;
    assert.deepEqual((await call('PUT', hsm('identified'), whole)).json.identity, identity);
    const none = { identity: { type: 'UserAssigned', userAssignedIdentities: { [id.toLowerCase()]: null } } };
    assert.equal('identity' in (await call('PATCH', hsm('identified'), none)).json, false);
  });

  test('deletes softly: the instance stops, the name stays taken', async () => {
    await create('leaving');
    const done = await finish(await call('DELETE', hsm('leaving')));
    assert.equal(done.status, 200);
    assert.ok(control.host.stopped.includes('leaving'));
    assert.equal((await call('GET', hsm('leaving'))).status, 404);
    assert.equal((await call('DELETE', hsm('leaving'))).status, 204);
    const deleted = await call('GET', `${providers}/locations/eastus2/deletedManagedHSMs/leaving`);
    assert.match(String(properties(deleted).mhsmId), /managedHSMs\/leaving$/);
    const name = await call('POST', `${providers}/checkMhsmNameAvailability`, { name: 'Leaving' });
    assert.equal(name.json.nameAvailable, false);
    assert.equal(name.json.reason, 'AlreadyExists');
    const again = await call('PUT', hsm('leaving'), body());
    assert.equal(again.status, 409);
    assert.equal(code(again), 'ConflictError');
    assert.match(again.text, /already exists in deleted state/);
  });

  test('says whether a name can be used', async () => {
    const check = async (name: unknown) =>
      (await call('POST', `${providers}/checkMhsmNameAvailability`, { name })).json;
    assert.equal((await check('never-used')).nameAvailable, true);
    assert.equal((await check('9')).reason, 'AccountNameInvalid');
    assert.equal((await call('POST', `${providers}/checkMhsmNameAvailability`, {})).status, 400);
  });

  test('deletes the HSMs of a group with it', async () => {
    await group('doomed');
    await finish(await call('PUT', hsm('with-group', 'doomed'), body()));
    assert.equal((await call('DELETE', '/resourceGroups/doomed')).status, 200);
    assert.equal((await call('HEAD', '/resourceGroups/doomed')).status, 404);
    assert.ok(control.host.stopped.includes('with-group'));
  });

  test('has on disk what it has acknowledged, and goes on from there after a restart', async () => {
    await group();
    const { promise, resolve } = Promise.withResolvers<void>();
    control.host.gate = () => promise;
    const started = await call('PUT', hsm('survivor'), body());
    const path = join(control.folder, 'resources.json');
    assert.match(await readFile(path, 'utf8'), /"survivor"/);
    assert.equal((await stat(path)).mode & 0o777, 0o600);
    control.host.gate = async () => {};
    resolve();
    await control.restart();
    assert.equal((await finish(started)).status, 200);
  });

  describe('asks who is there', () => {
    test('and takes tokens for *.localhost names with the port and without it', async () => {
      for (const port of [`:${control.port}`, '']) {
        const audience = `https://arm.localhost${port}/`;
        const token = await control.token(control.secrets.applications.admin, audience);
        assert.equal((await call('GET', '/resourceGroups', undefined, token)).status, 200, audience);
      }
    });

    test('and takes no token that is missing, of another audience, expired, unsigned or signed by another', async () => {
      const list = (token: string) => call('GET', '/resourceGroups', undefined, token);
      const claims = JSON.parse(Buffer.from(admin.split('.')[1] ?? '', 'base64url').toString()) as Record<
        string,
        unknown
      >;
      const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url');
      const stranger = await new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).sign(Buffer.alloc(32));
      for (const token of [
        '',
        'nonsense',
        `${encode({ alg: 'none' })}.${encode(claims)}.`,
        stranger,
        `${admin.slice(0, -4)}AAAA`,
        await control.token(control.secrets.applications.admin, 'https://managedhsm.azure.net'),
      ]) {
        const reply = await list(token);
        assert.equal(reply.status, 401, token.slice(0, 20));
        assert.match(String(reply.headers['www-authenticate']), /^Bearer authorization_uri="https:\/\/login\./);
      }
      control.advance(3_700_000);
      assert.equal((await list(admin)).status, 401);
      control.advance(-3_700_000);
      assert.equal((await list(admin)).status, 200);
    });

    test('lets owners in and nobody else', async () => {
      const owner = await control.token(control.secrets.applications.owner, AUDIENCE);
      const consumer = await control.token(control.secrets.applications.consumer, AUDIENCE);
      assert.equal((await call('GET', '/resourceGroups', undefined, owner)).status, 200);
      const refused = await call('PUT', '/resourceGroups/x', { location: 'eastus2' }, consumer);
      assert.equal(refused.status, 403);
      assert.equal(code(refused), 'AuthorizationFailed');
      const list = await control.call(`${ARM}/subscriptions?${VERSION}`, {
        headers: { authorization: `Bearer ${consumer}` },
      });
      assert.deepEqual(list.json.value, []);
    });

    test('and hides other subscriptions', async () => {
      const reply = await control.call(`${ARM}/subscriptions/${randomUUID()}/resourceGroups?${VERSION}`, {
        headers: { authorization: `Bearer ${admin}` },
      });
      assert.equal(code(reply), 'SubscriptionNotFound');
    });
  });
});
