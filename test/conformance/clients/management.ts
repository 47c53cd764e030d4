// Manages HSMs through the stock JavaScript management client, and prints a JSON line for each check. Run by
// arm-keyvault.test.ts, which has put an HSM of its own (`dev`) in order for keys before.
import assert from 'node:assert/strict';
import { KeyVaultManagementClient, type ManagedHsm } from '@azure/arm-keyvault';
import { DefaultAzureCredential } from '@azure/identity';

const of = (name: string): string => process.env[name] ?? '';
const client = new KeyVaultManagementClient(new DefaultAzureCredential(), of('AZURE_SUBSCRIPTION_ID'));
const { managedHsms, managedHsmKeys, mhsmPrivateEndpointConnections, mhsmPrivateLinkResources, mhsmRegions } = client;
const group = of('TEST_GROUP');
const name = 'js-life';

async function check(title: string, body: () => Promise<void>): Promise<void> {
  let error: string | undefined;
  try {
    await body();
  } catch (thrown) {
    error = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
  }
  console.log(JSON.stringify({ check: title, error }));
}

async function all<T>(pages: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of pages) items.push(item);
  return items;
}

const wanted: ManagedHsm = {
  location: 'local',
  sku: { family: 'B', name: 'Standard_B1' },
  tags: { made: 'by js' },
  properties: {
    tenantId: of('AZURE_TENANT_ID'),
    initialAdminObjectIds: [of('TEST_ADMINISTRATOR')],
    softDeleteRetentionInDays: 7,
  },
};

await check('makes an HSM, gets and lists it', async () => {
  assert.equal((await managedHsms.checkMhsmNameAvailability({ name })).nameAvailable, true);
  const made = await managedHsms.createOrUpdate(group, name, wanted);
  assert.equal(made.properties?.provisioningState, 'Succeeded');
  assert.equal(made.properties.hsmUri, `https://${name}.managedhsm.azure.net/`);
  assert.ok(made.systemData?.createdAt instanceof Date);
  assert.deepEqual((await managedHsms.get(group, name)).tags, wanted.tags);
  const listed = [managedHsms.listByResourceGroup(group, { top: 1 }), managedHsms.listBySubscription({ top: 1 })];
  for (const pages of listed) assert.ok((await all(pages)).some((hsm) => hsm.name === name));
  assert.deepEqual(
    (await all(mhsmRegions.listByResource(group, name))).map((region) => [region.name, region.isPrimary]),
    [['local', true]],
  );
  assert.equal((await managedHsms.checkMhsmNameAvailability({ name })).reason, 'AlreadyExists');
});

await check('changes tags and network', async () => {
  const tagged = await managedHsms.update(group, name, { location: 'local', tags: { other: 'tag' } });
  assert.deepEqual(tagged.tags, { other: 'tag' });
  const networkAcls = { bypass: 'None', defaultAction: 'Deny', ipRules: [{ value: '192.0.2.0/24' }] };
  const closed = await managedHsms.update(group, name, { location: 'local', properties: { networkAcls } });
  assert.equal(closed.properties?.provisioningState, 'Succeeded');
  assert.equal(closed.properties.networkAcls?.defaultAction, 'Deny');
  assert.deepEqual(closed.properties.networkAcls.ipRules, networkAcls.ipRules);
  await assert.rejects(
    async () => managedHsms.update(group, name, { location: 'local', properties: { softDeleteRetentionInDays: 9 } }),
    { statusCode: 400 },
  );
});

await check('shows private link resources and connections, and decides on one', async () => {
  const { value } = await mhsmPrivateLinkResources.listByMhsmResource(group, name);
  assert.deepEqual(value?.[0]?.requiredMembers, ['default']);
  const [connection] = await all(mhsmPrivateEndpointConnections.listByResource(group, 'dev'));
  assert.ok(connection?.name !== undefined);
  const got = await mhsmPrivateEndpointConnections.get(group, 'dev', connection.name);
  assert.equal(got.privateLinkServiceConnectionState?.status, 'Pending');
  const state = { status: 'Approved', description: 'from js' };
  await mhsmPrivateEndpointConnections.put(group, 'dev', connection.name, {
    ...(got.etag === undefined ? {} : { etag: got.etag }),
    privateLinkServiceConnectionState: state,
  });
  const approved = await mhsmPrivateEndpointConnections.get(group, 'dev', connection.name);
  assert.equal(approved.privateLinkServiceConnectionState?.status, 'Approved');
  await mhsmPrivateEndpointConnections.delete(group, 'dev', connection.name);
  assert.equal((await all(mhsmPrivateEndpointConnections.listByResource(group, 'dev'))).length, 0);
});

await check('deletes, recovers and purges', async () => {
  await managedHsms.delete(group, name);
  const deleted = await managedHsms.getDeleted(name, 'local');
  assert.ok(deleted.properties?.scheduledPurgeDate instanceof Date);
  assert.ok((await all(managedHsms.listDeleted())).some((hsm) => hsm.name === name));
  const properties = { tenantId: of('AZURE_TENANT_ID'), createMode: 'recover' as const };
  const back = await managedHsms.createOrUpdate(group, name, { location: 'local', properties });
  assert.deepEqual(back.tags, { other: 'tag' });
  await managedHsms.delete(group, name);
  await managedHsms.purgeDeleted(name, 'local');
  await assert.rejects(managedHsms.getDeleted(name, 'local'), { statusCode: 404 });
});

await check('makes keys where there are none, and reads them', async () => {
  const properties = { kty: 'RSA-HSM', keySize: 3072, keyOps: ['sign', 'verify'], attributes: { enabled: true } };
  const made = await managedHsmKeys.createIfNotExist(group, 'dev', 'from-arm', { properties, tags: { a: 'b' } });
  assert.equal(made.keySize, 3072);
  const again = await managedHsmKeys.createIfNotExist(group, 'dev', 'from-arm', { properties: { kty: 'EC-HSM' } });
  assert.deepEqual(again, made);
  assert.deepEqual(await managedHsmKeys.get(group, 'dev', 'from-arm'), made);
  assert.ok((await all(managedHsmKeys.list(group, 'dev'))).some((key) => key.name === 'from-arm'));
  const [version] = await all(managedHsmKeys.listVersions(group, 'dev', 'from-arm'));
  assert.ok(version?.name !== undefined);
  const one = await managedHsmKeys.getVersion(group, 'dev', 'from-arm', version.name);
  assert.equal(one.name, version.name);
});
