// What `az` can do to a managed HSM and to who may do it, by the stock command line against the real product.
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { places } from '../../src/deployment/data-layout.ts';
import { readInstanceConfig } from '../../src/deployment/instance.ts';
import { openEntries } from '../../src/features/audit/read-entries.ts';
import { logOrigin } from '../../src/formats/log-origin.ts';
import { makeCertificates } from '../support/custodian-certificates.ts';
import { type RunningProduct, startProduct } from '../support/running-product.ts';
import { linesOf, until } from '../support/sink-scene.ts';
import { skipUnless } from '../system-programs.ts';
import { type AzureCli, azureCli } from './azure-cli.ts';

/** Of a subscription elsewhere: what it stands for is configured. */
const STORAGE =
  '/subscriptions/5b1f7a52-61a4-4dd0-a6d5-6f3e1c0a6a33/resourceGroups/logs/providers/Microsoft.Storage/storageAccounts/archive';

describe('az manages an HSM', { skip: skipUnless('az') }, () => {
  let folder: string;
  let product: RunningProduct;
  let environment: Readonly<Record<string, string>>;
  let az: AzureCli;
  const received = (): string => join(folder, 'audit.jsonl');
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'strongroom-az-logs-'));
    const sinks = [{ name: 'archive', kind: 'file', path: received(), resourceId: STORAGE, from: 'beginning' }];
    writeFileSync(join(folder, 'config.json'), JSON.stringify({ sinks }));
    product = await startProduct({ demo: false, config: join(folder, 'config.json') });
    environment = await product.environment();
    az = await azureCli(environment);
    await signIn(az, 'AZURE');
  });
  after(async () => {
    await az[Symbol.asyncDispose]();
    await product[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  const of = (name: string): string => environment[name] ?? assert.fail(`${name} is not in the environment`);
  const signIn = (cli: AzureCli, who: 'AZURE' | 'STRONGROOM_OWNER') =>
    cli.json(
      ...['login', '--service-principal', '--tenant', of('AZURE_TENANT_ID')],
      ...['-u', of(`${who}_CLIENT_ID`), '-p', of(`${who}_CLIENT_SECRET`)],
    );
  const member = (value: unknown, ...path: readonly (string | number)[]): unknown =>
    path.reduce<unknown>((at, name) => (at as Record<string | number, unknown> | undefined)?.[name], value);
  const names = (value: unknown): unknown[] => (value as { name: string }[]).map(({ name }) => name);
  const HSM = ['--hsm-name', 'life', '-g', 'rg'];
  const network = (): unknown =>
    (JSON.parse(readFileSync(join(product.data, 'instances', 'life', 'instance.json'), 'utf8')) as { network: unknown })
      .network;
  let kid = '';

  test('groups and the account', async () => {
    await az.json('group', 'create', '-n', 'rg', '-l', 'eastus2', '--tags', 'a=b');
    assert.equal(await az.json('group', 'exists', '-n', 'rg'), true);
    assert.deepEqual(names(await az.json('group', 'list')), ['rg']);
    assert.deepEqual(member(await az.json('group', 'show', '-n', 'rg'), 'tags'), { a: 'b' });
    assert.equal(member(await az.json('account', 'show'), 'state'), 'Enabled');
    assert.equal(member(await az.json('account', 'list'), 'length'), 1);
    assert.ok(names(await az.json('account', 'list-locations')).includes('eastus2'));
  });

  test('creates one, waits for it, shows and lists it', async () => {
    const administrator = (await az.json('ad', 'sp', 'show', '--id', of('AZURE_CLIENT_ID'))) as { id: string };
    const made = await az.json(
      ...['keyvault', 'create', ...HSM, '-l', 'eastus2', '--administrators', administrator.id],
      ...['--retention-days', '7', '--tags', 'team=keys', '--default-action', 'Allow', '--bypass', 'AzureServices'],
    );
    assert.equal(member(made, 'properties', 'provisioningState'), 'Succeeded');
    assert.equal(member(made, 'systemData', 'createdByType'), 'Application');
    await az.json('keyvault', 'wait-hsm', ...HSM, '--created');
    assert.deepEqual(member(await az.json('keyvault', 'show', '--hsm-name', 'life'), 'tags'), { team: 'keys' });
    assert.deepEqual(names(await az.json('keyvault', 'list', '--resource-type', 'hsm', '-g', 'rg')), ['life']);
    const taken = await az.json('keyvault', 'check-name', '--name', 'life', '--resource-type', 'hsm');
    assert.equal(member(taken, 'reason'), 'AlreadyExists');
    const regions = await az.json('keyvault', 'region', 'list', ...HSM);
    assert.deepEqual([member(regions, 0, 'name'), member(regions, 0, 'isPrimary')], ['eastus2', true]);
    const further = await az.run('keyvault', 'region', 'add', ...HSM, '--region', 'westus');
    assert.equal(further.code, 1);
    assert.match(further.stderr, /one region, the machine that it runs on/);
    const settled = await az.run('keyvault', 'update-hsm', ...HSM, '--set', 'properties.softDeleteRetentionInDays=9');
    assert.match(settled.stderr, /set at creation and cannot be changed/);
  });

  test('changes its network, and the instance goes by it at once', async () => {
    await az.json('keyvault', 'update-hsm', ...HSM, '--default-action', 'Deny', '--bypass', 'None');
    await az.json('keyvault', 'update-hsm', ...HSM, '--add', 'properties.networkAcls.ipRules', 'value=10.0.0.0/24');
    const shown = await az.json(
      ...['keyvault', 'update-hsm', ...HSM, '--add', 'properties.networkAcls.ipRules', 'value=2001:db8::1'],
    );
    const rules = [{ value: '10.0.0.0/24' }, { value: '2001:db8::1/128' }];
    assert.deepEqual(member(shown, 'properties', 'networkAcls', 'ipRules'), rules);
    assert.deepEqual(network(), {
      publicNetworkAccess: 'Enabled',
      networkAcls: { bypass: 'None', defaultAction: 'Deny', ipRules: rules.map(({ value }) => value) },
      privateEndpointConnections: [],
    });
    const wrong = await az.run(
      ...['keyvault', 'update-hsm', ...HSM, '--add', 'properties.networkAcls.ipRules', 'value=10.0.0.1/8'],
    );
    assert.match(wrong.stderr, /has bits set after the first 8/);
    await az.json('keyvault', 'update-hsm', ...HSM, '--set', 'properties.networkAcls.ipRules=[]');
    await az.json('keyvault', 'update-hsm', ...HSM, '--public-network-access', 'Disabled');
    const open = await az.json(
      ...['keyvault', 'update-hsm', ...HSM, '--public-network-access', 'Enabled', '--default-action', 'Allow'],
    );
    assert.equal(member(open, 'properties', 'publicNetworkAccess'), 'Enabled');
  });

  test('approves, rejects and deletes private endpoint connections', async () => {
    const resources = await az.json('keyvault', 'private-link-resource', 'list', '--hsm-name', 'life', '-g', 'rg');
    assert.equal(member(resources, 0, 'groupId') ?? member(resources, 0, 'properties', 'groupId'), 'managedhsm');
    const id = String(member(await az.json('keyvault', 'show', '--hsm-name', 'life'), 'id'));
    const subnet = `${id.split('/providers/')[0] ?? ''}/providers/Microsoft.Network/virtualNetworks/v/subnets/s`;
    const endpoint = (name: string, ...manual: readonly string[]) =>
      az.json(
        ...['network', 'private-endpoint', 'create', '-n', name, '-g', 'rg', '-l', 'eastus2', '--subnet', subnet],
        ...['--private-connection-resource-id', id, '--group-id', 'managedhsm', '--connection-name', 'c', ...manual],
      );
    await endpoint('direct');
    await endpoint('asked', '--manual-request', 'true', '--request-message', 'please');
    const connections = (await az.json('keyvault', 'private-endpoint-connection', 'list', ...HSM)) as {
      name: string;
    }[];
    const [direct, asked] = ['direct', 'asked'].map((name) => connections.find((each) => each.name.startsWith(name)));
    const status = async (name: string | undefined): Promise<unknown> => {
      const shown = await az.json('keyvault', 'private-endpoint-connection', 'show', ...HSM, '--name', name ?? '');
      return (
        member(shown, 'properties', 'privateLinkServiceConnectionState', 'status') ??
        member(shown, 'privateLinkServiceConnectionState', 'status')
      );
    };
    assert.equal(await status(direct?.name), 'Approved');
    assert.equal(await status(asked?.name), 'Pending');
    const act = (verb: string, name: string | undefined, ...more: readonly string[]) =>
      az.json('keyvault', 'private-endpoint-connection', verb, ...HSM, '--name', name ?? '', ...more);
    await act('approve', asked?.name, '--description', 'yes');
    assert.equal(await status(asked?.name), 'Approved');
    await act('reject', asked?.name);
    assert.equal(await status(asked?.name), 'Rejected');
    assert.deepEqual(member(network(), 'privateEndpointConnections'), [
      { name: direct?.name, status: 'Approved' },
      { name: asked?.name, status: 'Rejected' },
    ]);
    await act('delete', asked?.name);
    await az.json('network', 'private-endpoint', 'delete', '-n', 'direct', '-g', 'rg');
    assert.equal(await status(direct?.name), 'Disconnected');
  });

  test('gives, lists and takes roles at group and HSM; none of them opens a key', async () => {
    const roles = (await az.json('role', 'definition', 'list')) as { roleName: string }[];
    const roleNames = ['Owner', 'Contributor', 'Reader', 'Managed HSM contributor', 'Monitoring Contributor'];
    assert.deepEqual(roles.map(({ roleName }) => roleName).sort(), [...roleNames].sort());
    const owner = of('STRONGROOM_OWNER_CLIENT_ID');
    const id = String(member(await az.json('keyvault', 'show', '--hsm-name', 'life'), 'id'));
    for (const role of roleNames) {
      const given = await az.json('role', 'assignment', 'create', '--assignee', owner, '--role', role, '--scope', id);
      assert.equal(member(given, 'principalType'), 'ServicePrincipal');
    }
    const listed = (await az.json('role', 'assignment', 'list', '--assignee', owner, '--scope', id)) as {
      roleDefinitionName: string;
    }[];
    assert.deepEqual(listed.map((each) => each.roleDefinitionName).sort(), [...roleNames].sort());
    await az.run('role', 'assignment', 'delete', '--assignee', owner, '--role', 'Reader', '--scope', id);
    const left = (await az.json('role', 'assignment', 'list', '--scope', id)) as unknown[];
    assert.equal(left.length, 4);
  });

  test('says where its log goes: to what the configuration lists, and to nothing else', async () => {
    const monitor = (...words: readonly string[]) => ['monitor', 'diagnostic-settings', ...words];
    const resource = ['--resource', String(member(await az.json('keyvault', 'show', '--hsm-name', 'life'), 'id'))];
    const logs = ['--logs', JSON.stringify([{ category: 'AuditEvent', enabled: true }])];
    const refused = await az.run(
      ...monitor('create', '-n', 'audit', ...resource, ...logs, '--storage-account', 'other'),
    );
    assert.notEqual(refused.code, 0);
    assert.match(refused.stderr, new RegExp(`BadRequest[^]*storageAccounts/other[^]*lists ${STORAGE}[^]*resourceId`));
    const made = await az.json(...monitor('create', '-n', 'audit', ...resource, ...logs, '--storage-account', STORAGE));
    assert.deepEqual(
      [member(made, 'name'), member(made, 'storageAccountId'), member(made, 'logs', 0, 'category')],
      ['audit', STORAGE, 'AuditEvent'],
    );
    const told = (): unknown => readInstanceConfig(places(product.data).instance('life').config).diagnostics;
    assert.deepEqual(told(), [STORAGE.toLowerCase()]);
    await until(() => existsSync(received()) && linesOf(received()).length > 0);
    const { id } = readInstanceConfig(places(product.data).instance('life').config);
    assert.deepEqual([...new Set(linesOf(received()).map(({ log }) => log))], [logOrigin(id)]);
    assert.deepEqual(names(await az.json(...monitor('list', ...resource))), ['audit']);
    const updated = await az.json(...monitor('update', '-n', 'audit', ...resource, '--set', 'logs[0].enabled=false'));
    assert.equal(member(updated, 'logs', 0, 'enabled'), false);
    assert.deepEqual(told(), []);
    assert.deepEqual(await az.json(...monitor('show', '-n', 'audit', ...resource)), updated);
    await az.run(...monitor('delete', '-n', 'audit', ...resource));
    assert.deepEqual(await az.json(...monitor('list', ...resource)), []);
    const categories = await az.json(...monitor('categories', 'list', ...resource));
    assert.deepEqual(names(member(categories, 'value')), ['AuditEvent']);
    assert.equal(
      member(await az.json(...monitor('categories', 'show', '-n', 'AuditEvent', ...resource)), 'name'),
      'AuditEvent',
    );
  });

  test('deletes and recovers it: the same keys work', async () => {
    const files = await Promise.all(
      (await makeCertificates(3)).map(async (der, index) => {
        const path = join(product.data, `custodian-${index}.cer`);
        const lines = der.match(/.{1,64}/g)?.join('\n') ?? '';
        const { writeFile } = await import('node:fs/promises');
        await writeFile(path, `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`);
        return path;
      }),
    );
    await az.json(
      ...['keyvault', 'security-domain', 'download', '--hsm-name', 'life', '--sd-wrapping-keys', ...files],
      ...['--sd-quorum', '2', '--security-domain-file', join(product.data, 'sd.json')],
    );
    const me = String(member(await az.json('ad', 'sp', 'show', '--id', of('AZURE_CLIENT_ID')), 'id'));
    await az.json(
      ...['keyvault', 'role', 'assignment', 'create', '--hsm-name', 'life', '--role', 'Managed HSM Crypto User'],
      ...['--assignee-object-id', me, '--assignee-principal-type', 'ServicePrincipal', '--scope', '/'],
    );
    const key = await az.json('keyvault', 'key', 'create', '--hsm-name', 'life', '-n', 'k', '--kty', 'RSA-HSM');
    kid = String(member(key, 'key', 'kid'));
    await az.json('keyvault', 'delete', '--hsm-name', 'life', '-g', 'rg');
    assert.notEqual((await az.run('keyvault', 'key', 'show', '--id', kid)).code, 0);
    const deleted = await az.json('keyvault', 'list-deleted', '--resource-type', 'hsm');
    assert.deepEqual(names(deleted), ['life']);
    const shown = await az.json('keyvault', 'show-deleted', '--hsm-name', 'life');
    const days =
      (Date.parse(String(member(shown, 'properties', 'scheduledPurgeDate'))) -
        Date.parse(String(member(shown, 'properties', 'deletionDate')))) /
      86_400_000;
    assert.equal(days, 7);
    const again = await az.run(
      'keyvault',
      'create',
      ...HSM,
      '-l',
      'eastus2',
      '--administrators',
      me,
      '--retention-days',
      '7',
    );
    assert.match(again.stderr, /already exists in deleted state/);
    await az.json('keyvault', 'recover', '--hsm-name', 'life');
    const found = await az.json('keyvault', 'key', 'show', '--id', kid);
    assert.equal(member(found, 'key', 'n'), member(key, 'key', 'n'));
  });

  test('purge protection is one way; what is purged has lost its root keys and leaves a record', async () => {
    const kept = join(product.data, 'instances', 'life');
    const instanceId = (JSON.parse(readFileSync(join(kept, 'instance.json'), 'utf8')) as { id: string }).id;
    await az.json('keyvault', 'delete', '--hsm-name', 'life', '-g', 'rg');
    await az.json('keyvault', 'purge', '--hsm-name', 'life');
    assert.ok(!existsSync(kept));
    const record = readFileSync(join(product.data, 'purged', 'record.jsonl'), 'utf8');
    assert.equal((JSON.parse(record) as { instanceId: string }).instanceId, instanceId);
    assert.ok(existsSync(join(product.data, 'purged', instanceId, 'checkpoint')));
    assert.equal(member(await az.json('keyvault', 'list-deleted', '--resource-type', 'hsm'), 'length'), 0);
    const me = String(member(await az.json('ad', 'sp', 'show', '--id', of('AZURE_CLIENT_ID')), 'id'));
    await az.json('keyvault', 'create', ...HSM, '-l', 'local', '--administrators', me, '--retention-days', '7');
    const on = await az.json('keyvault', 'update-hsm', ...HSM, '--enable-purge-protection', 'true');
    assert.equal(member(on, 'properties', 'enablePurgeProtection'), true);
    const off = await az.run('keyvault', 'update-hsm', ...HSM, '--enable-purge-protection', 'false');
    assert.match(off.stderr, /irreversible/);
    await az.json('keyvault', 'delete', '--hsm-name', 'life', '-g', 'rg');
    const refused = await az.run('keyvault', 'purge', '--hsm-name', 'life');
    assert.match(refused.stderr, /purge protection and cannot be purged before/);
    await az.json('group', 'delete', '-n', 'rg', '--yes');
  });

  test('has left all of that in the management plane’s log', () => {
    const entries = [...openEntries(places(product.data).management.audit).from(0)].map(
      ({ text }) =>
        JSON.parse(text) as { operationName: string; clientInfo: string; PoolName: string; identity: string },
    );
    const mine = entries.filter(
      ({ PoolName, clientInfo }) => PoolName === 'life' && /AZURECLI|azsdk/i.test(clientInfo),
    );
    const done = new Set(mine.map(({ operationName }) => operationName));
    for (const name of ['managedHSMs/write', 'managedHSMs/delete', 'locations/deletedManagedHsms/purge/action']) {
      assert.ok(done.has(`Microsoft.KeyVault/${name}`), `${name}: ${[...done].join()}`);
    }
    assert.ok(mine.every(({ identity }) => identity.includes(of('AZURE_CLIENT_ID'))));
  });

  test('the owner of the subscription does all of that and gets at no key', async () => {
    await using owner = await azureCli(environment);
    await signIn(owner, 'STRONGROOM_OWNER');
    await owner.json('group', 'create', '-n', 'rg2', '-l', 'local');
    const admin = String(member(await owner.json('ad', 'sp', 'show', '--id', of('AZURE_CLIENT_ID')), 'id'));
    await owner.json(
      ...['keyvault', 'create', '--hsm-name', 'owned', '-g', 'rg2', '-l', 'local'],
      ...['--administrators', admin, '--retention-days', '7'],
    );
    const refused = await owner.run('keyvault', 'role', 'assignment', 'list', '--hsm-name', 'owned');
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /Forbidden|Not authorized/);
  });
});
