// The life of a managed HSM in the product as shipped: what management says is what its files and processes show.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { readPurgeRecord } from '../../src/deployment/purge-record.ts';
import { verifyLog } from '../../src/tools/audit/verify/verify-log.ts';
import { type ArmClient, armClient } from '../support/arm-client.ts';
import { dataPlaneToken, instanceClient } from '../support/instance-client.ts';
import { isAlive } from '../support/process-tree.ts';
import { type RunningProduct, startProduct } from '../support/running-product.ts';

describe('a managed HSM', () => {
  let product: RunningProduct;
  let environment: Readonly<Record<string, string>>;
  let arm: ArmClient;
  let path: string;
  const folder = (): string => join(product.data, 'instances', 'dev');
  const config = (): Readonly<Record<string, unknown>> =>
    JSON.parse(readFileSync(join(folder(), 'instance.json'), 'utf8')) as Readonly<Record<string, unknown>>;
  const properties = ({ json }: { json: object }) => (json as { properties: Record<string, unknown> }).properties;
  before(async () => {
    product = await startProduct();
    environment = await product.environment();
    arm = await armClient(product, environment);
    const list = (await arm.ask('GET', '/providers/Microsoft.KeyVault/managedHSMs')).json['value'] as { id: string }[];
    path = (list[0]?.id ?? '').split(arm.subscription)[1] ?? '';
  });
  after(() => product[Symbol.asyncDispose]());
  /** What is running is written down a moment after management hears of it. */
  const served = () => product.until(({ instances }) => (instances['dev']?.port ?? 0) !== 0);
  /** What the front answers a client that wants to go to this HSM. */
  const wayTo = (name: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const socket = connect({ host: '127.0.0.1', port: product.state.port });
      socket.once('error', reject);
      socket.once('data', (answer: Buffer) => {
        socket.destroy();
        resolve(answer.toString('latin1'));
      });
      socket.write(`CONNECT ${name}.managedhsm.azure.net:443 HTTP/1.1\r\n\r\n`);
    });

  test('its network rules are in the file that its workers read, once the change is said to be done', async () => {
    const begun = await arm.ask('PATCH', path, {
      properties: { networkAcls: { defaultAction: 'Allow', ipRules: [{ value: '127.0.0.0/8' }] } },
    });
    assert.deepEqual([begun.status, begun.text], [202, '']);
    const changed = await arm.finish(begun);
    assert.equal(changed.status, 200, changed.text);
    assert.equal(properties(changed)['provisioningState'], 'Succeeded');
    assert.deepEqual((config()['network'] as { networkAcls: unknown }).networkAcls, {
      bypass: 'AzureServices',
      defaultAction: 'Allow',
      ipRules: ['127.0.0.0/8'],
    });
    assert.equal(properties(await arm.ask('GET', path))['provisioningState'], 'Succeeded');
  });

  test('deleted, it has no process and keeps its sealed data; recovered, the same keys work', async () => {
    const token = await dataPlaneToken(product, environment);
    const key = async () => {
      await served();
      using client = instanceClient(product, token);
      return (await client.ask('GET', '/keys/demo-kek')).json['key'] as { readonly n: string };
    };
    const before = await key();
    const { recorder, service, module } = product.state.pids.instances['dev'] ?? {};
    const pids = [recorder, ...(service ?? []), ...(module ?? [])].filter((pid) => typeof pid === 'number');
    assert.ok(pids.length >= 3);
    assert.equal((await arm.finish(await arm.ask('DELETE', path))).status, 200);
    assert.deepEqual(pids.filter(isAlive), []);
    assert.ok(existsSync(join(folder(), 'module', 'state.sealed')));
    assert.equal((await arm.ask('GET', path)).status, 404);
    const recovered = await arm.finish(
      await arm.ask('PUT', path, { location: 'local', properties: { createMode: 'recover' } }),
    );
    assert.equal(properties(recovered)['provisioningState'], 'Succeeded', recovered.text);
    assert.deepEqual(await key(), before);
    assert.deepEqual((config()['network'] as { networkAcls: { ipRules: unknown } }).networkAcls.ipRules, [
      '127.0.0.0/8',
    ]);
  });

  test('purged, its root keys are gone first, its log stays and verifies, and a record says so; the name is free', async () => {
    const { id, resourceId } = config();
    const deleted = '/providers/Microsoft.KeyVault/locations/local/deletedManagedHSMs/dev';
    assert.equal((await arm.ask('POST', `${deleted}/purge`)).status, 404);
    await arm.finish(await arm.ask('DELETE', path));
    assert.match(await wayTo('dev'), /^HTTP\/1\.1 503 /);
    const purged = await arm.finish(await arm.ask('POST', `${deleted}/purge`));
    assert.equal(purged.status, 200, purged.text);
    assert.equal(existsSync(folder()), false);
    const [line, ...more] = readPurgeRecord(join(product.data, 'purged'));
    assert.deepEqual(more, []);
    assert.deepEqual(
      [line?.name, line?.instanceId, line?.resourceId, line?.reason],
      ['dev', id, resourceId, 'requested'],
    );
    const log = join(product.data, 'purged', String(id));
    const verification = verifyLog({ folder: log, saved: [{ name: 'record', text: line?.checkpoint ?? '' }] });
    assert.equal(verification.damageCount, 0);
    assert.deepEqual(
      verification.checkpoints.map(({ holds }) => holds),
      [true, true],
    );
    assert.equal((await arm.ask('GET', deleted)).status, 404);
    // As a name that is gone from the DNS.
    assert.match(await wayTo('dev'), /^HTTP\/1\.1 403 no HSM named dev here/);

    const again = await arm.finish(
      await arm.ask('PUT', path, {
        location: 'local',
        sku: { family: 'B', name: 'Standard_B1' },
        properties: { initialAdminObjectIds: [line?.instanceId], softDeleteRetentionInDays: 7 },
      }),
    );
    assert.equal(properties(again)['provisioningState'], 'Succeeded', again.text);
    assert.notEqual(config()['id'], id);
    assert.match(await wayTo('dev'), /^HTTP\/1\.1 200 /);
    await served();
    using client = instanceClient(product, 'none');
    const challenged = await client.ask('GET', '/keys/demo-kek');
    assert.equal(challenged.status, 401, challenged.text);
  });

  test('with purge protection it cannot be purged before its time, and the protection cannot be taken back', async () => {
    const on = await arm.finish(await arm.ask('PATCH', path, { properties: { enablePurgeProtection: true } }));
    assert.equal(on.status, 200, on.text);
    assert.equal(config()['purgeProtection'], true);
    const off = await arm.ask('PATCH', path, { properties: { enablePurgeProtection: false } });
    assert.match(off.text, /irreversible/);
    await arm.finish(await arm.ask('DELETE', path));
    const refused = await arm.ask('POST', '/providers/Microsoft.KeyVault/locations/local/deletedManagedHSMs/dev/purge');
    assert.equal(refused.status, 403);
    assert.match(refused.text, /purge protection and cannot be purged before/);
    assert.ok(existsSync(join(folder(), 'module', 'state.sealed')));
  });
});
