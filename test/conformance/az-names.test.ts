// `az` on groups, HSMs and what lies beside them whose names have capitals; only the instances are pretended.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type RunningControl, runControl } from '../support/running-control.ts';
import { skipUnless } from '../system-programs.ts';
import { type AzureCli, azureCli } from './azure-cli.ts';

interface Shown {
  readonly id: string;
  readonly name: string;
  readonly tags: unknown;
  readonly properties?: Readonly<Record<string, unknown>>;
}

describe('az with names that have capitals', { skip: skipUnless('az') }, () => {
  let control: RunningControl;
  let az: AzureCli;
  let id = '';
  before(async () => {
    control = await runControl();
    az = await azureCli({
      REQUESTS_CA_BUNDLE: control.ca,
      HTTPS_PROXY: `http://127.0.0.1:${control.port}`,
      NO_PROXY: '',
    });
    const { appId, secret } = control.secrets.applications.admin;
    const tenant = control.secrets.tenantId;
    await az.json('login', '--service-principal', '-u', appId, '-p', secret, '--tenant', tenant);
  });
  after(async () => {
    await az[Symbol.asyncDispose]();
    await control[Symbol.asyncDispose]();
  });
  const one = async (...args: readonly string[]) => (await az.json(...args)) as Shown;
  const many = async (...args: readonly string[]) => (await az.json(...args)) as readonly Shown[];
  const names = async (...args: readonly string[]) => (await many(...args)).map(({ name }) => name);
  const HSM = ['--hsm-name', 'MyHsm', '-g', 'My_Group'];

  test('makes, finds and changes a group and an HSM, and gives their names back', async () => {
    await az.json('group', 'create', '-n', 'My_Group', '-l', 'eastus2', '--tags', 'a=b');
    await az.json('group', 'update', '-n', 'my_group', '--set', 'tags.c=d');
    const group = await one('group', 'show', '-n', 'MY_GROUP');
    assert.deepEqual([group.name, group.tags], ['My_Group', { a: 'b', c: 'd' }]);
    const { oid } = control.secrets.applications.admin;
    const made = await one(
      ...['keyvault', 'create', ...HSM, '-l', 'eastus2', '--administrators', oid, '--retention-days', '7'],
    );
    id = made.id;
    assert.match(id, /\/resourceGroups\/My_Group\/providers\/Microsoft\.KeyVault\/managedHSMs\/MyHsm$/);
    for (const spelled of ['MyHsm', 'MyHSM']) {
      assert.equal((await one('keyvault', 'show', '--hsm-name', spelled, '-g', 'my_group')).id, id);
    }
    const updated = await one('keyvault', 'update-hsm', ...HSM, '--public-network-access', 'Disabled');
    assert.deepEqual([updated.id, updated.properties?.['publicNetworkAccess']], [id, 'Disabled']);
  });

  test('lists them with everything that a group has, and vaults as none', async () => {
    assert.deepEqual(await names('keyvault', 'list'), ['MyHsm']);
    assert.deepEqual(await names('keyvault', 'list', '--resource-type', 'hsm', '-g', 'MY_GROUP'), ['MyHsm']);
    assert.deepEqual(await names('resource', 'list', '-g', 'my_group'), ['MyHsm']);
    const type = 'Microsoft.KeyVault/managedHSMs';
    assert.deepEqual(await names('resource', 'list', '--resource-type', type, '--name', 'MYHSM'), ['MyHsm']);
    assert.equal((await one('resource', 'show', '--ids', id)).id, id);
    assert.equal(
      (await one('provider', 'show', '-n', 'Microsoft.KeyVault')).id.split('/').at(-1),
      'Microsoft.KeyVault',
    );
    await az.json('provider', 'register', '-n', 'Microsoft.KeyVault');
  });

  test('asks for a private endpoint, decides on its connection and deletes both', async () => {
    const subnet = `${id.split('/providers/')[0] ?? ''}/providers/Microsoft.Network/virtualNetworks/V/subnets/S`;
    const endpoint = ['-n', 'My-Door', '-g', 'My_Group'];
    await az.json(
      ...[
        'network',
        'private-endpoint',
        'create',
        ...endpoint,
        '-l',
        'eastus2',
        '--subnet',
        subnet,
        '--manual-request',
      ],
      ...['true', '--private-connection-resource-id', id, '--group-id', 'managedhsm', '--connection-name', 'c'],
    );
    assert.deepEqual(await names('network', 'private-endpoint', 'list', '-g', 'MY_GROUP'), ['My-Door']);
    assert.deepEqual(await names('resource', 'list', '-g', 'My_Group'), ['MyHsm', 'My-Door']);
    const [connection] = await many('keyvault', 'private-endpoint-connection', 'list', ...HSM);
    assert.match(connection?.id ?? '', /\/managedHSMs\/MyHsm\/privateEndpointConnections\/My-Door\./);
    const named = [...HSM, '--name', connection?.name ?? ''];
    for (const verb of ['approve', 'reject', 'show', 'delete']) {
      await az.json('keyvault', 'private-endpoint-connection', verb, ...named);
    }
    await az.json('network', 'private-endpoint', 'delete', ...endpoint);
  });

  test('deletes, lists, recovers and purges it under its name; the group goes with it', async () => {
    await az.json('keyvault', 'delete', ...HSM);
    assert.deepEqual(await names('keyvault', 'list-deleted'), ['MyHsm']);
    assert.equal((await one('keyvault', 'show-deleted', '--hsm-name', 'MyHsm')).properties?.['mhsmId'], id);
    await az.json('keyvault', 'recover', '--hsm-name', 'MyHsm');
    assert.equal((await one('keyvault', 'show', '--hsm-name', 'MyHsm')).id, id);
    await az.json('group', 'delete', '-n', 'my_group', '--yes');
    assert.equal(await az.json('group', 'exists', '-n', 'My_Group'), false);
    await az.json('keyvault', 'purge', '--hsm-name', 'MyHsm');
    assert.deepEqual(control.host.purged, ['myhsm']);
  });
});
