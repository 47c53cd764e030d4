// Instances that want a certificate of whoever speaks to them: of strangers, and of the resource manager, whose own will do.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { ARM, ARM_AUDIENCE, ask, connectTo, DOMAIN, GRAPH, makeSite } from '../support/running-production.ts';

const NAME = 'fin';
const VERSION = 'api-version=2023-07-01';

test('with authorities of clients the resource manager still hands on keys, and nobody else gets in without', async () => {
  await using site = await makeSite();
  const { key, certificate } = await site.authority.issue([ARM, GRAPH], { forClients: true });
  const tls = {
    ...(site.config.tls as object),
    clientAuthorities: await site.file('clients.pem', site.authority.certificate),
    resourceManager: { key: await site.file('arm.key', key), certificate: await site.file('arm.pem', certificate) },
  };
  await site.write({ ...site.config, tls });
  await using _ = await site.start();
  const { id } = site.config.subscription as { readonly id: string };
  const group = `/subscriptions/${id}/resourceGroups/keys`;
  const hsm = `${group}/providers/Microsoft.KeyVault/managedHSMs/${NAME}`;
  const arm = async (method: string, path: string, body?: unknown) => {
    const token = await site.issuer.token(site.owner, { aud: ARM_AUDIENCE, idtyp: 'user' });
    return ask(site, method, `https://${ARM}${path}`, { token, body });
  };
  assert.equal((await arm('PUT', `${group}?api-version=2021-04-01`, { location: 'westeurope' })).status, 201);
  const properties = {
    tenantId: site.config.tenantId,
    initialAdminObjectIds: [site.owner, '22222222-2222-4333-8444-555555555555'],
  };
  const made = { location: 'westeurope', sku: { family: 'B', name: 'Standard_B1' }, properties };
  assert.equal((await arm('PUT', `${hsm}?${VERSION}`, made)).status, 202);
  for (let state = ''; state !== 'Succeeded'; await delay(100)) {
    const { json } = await arm('GET', `${hsm}?${VERSION}`);
    state = (json as { readonly properties: { readonly provisioningState: string } }).properties.provisioningState;
    assert.notEqual(state, 'Failed');
  }
  // The instance itself answers, that its setting is off.
  const keys = await arm('GET', `${hsm}/keys?${VERSION}`);
  assert.match(keys.text, /AllowKeyManagementOperationsThroughARM/, `${keys.status}`);
  const hostName = `${NAME}.${DOMAIN}`;
  await assert.rejects(ask(site, 'GET', `https://${hostName}/keys?api-version=7.4`));
  const { key: ownKey, certificate: cert } = await site.authority.issueClient('payroll');
  const socket = await connectTo(site, hostName, { key: ownKey, cert });
  const known = await ask(site, 'GET', `https://${hostName}/keys?api-version=7.4`, { socket });
  assert.equal(known.status, 403, 'and is judged by the network rules then');
  socket.destroy();
});
