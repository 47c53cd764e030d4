// One more instance of a running product, made through the resource manager as its dev administrator makes one.
import { setTimeout as delay } from 'node:timers/promises';
import { exchange, type Reply } from '../../src/cli/https-exchange.ts';
import { readDevClients } from '../../src/deployment/dev-clients.ts';
import { azureNames } from '../../src/deployment/name-forms.ts';
import type { RunningProduct } from './running-product.ts';

const VERSION = 'api-version=2024-11-01';

/** Resolves when it serves, not activated. @throws Error with what the resource manager said */
export async function provisionInstance(product: RunningProduct, name: string): Promise<void> {
  const clients = readDevClients(product.data);
  const { arm, login, audiences } = azureNames();
  const { appId, secret, oid } = clients.applications.owner;
  const route = { ca: [product.ca], port: product.state.port };
  const granted = await exchange(route, {
    method: 'POST',
    url: `${login}/${clients.tenantId}/oauth2/v2.0/token`,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: appId,
      client_secret: secret,
      scope: `${audiences.arm[0] ?? ''}/.default`,
    }).toString(),
  });
  const { access_token: token } = JSON.parse(granted.text) as { readonly access_token: string };
  const group = `${arm}/subscriptions/${clients.subscriptionId}/resourceGroups/second`;
  const hsm = `${group}/providers/Microsoft.KeyVault/managedHSMs/${name}?${VERSION}`;
  const ask = async (method: string, url: string, body?: object): Promise<Reply> => {
    const reply = await exchange(route, {
      method,
      url,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    if (reply.status > 299) throw new Error(`${method} ${url} answered ${reply.status}: ${reply.text}`);
    return reply;
  };
  await ask('PUT', `${group}?${VERSION}`, { location: 'local' });
  await ask('PUT', hsm, {
    location: 'local',
    sku: { family: 'B', name: 'Standard_B1' },
    properties: {
      tenantId: clients.tenantId,
      initialAdminObjectIds: [clients.applications.admin.oid, oid],
      softDeleteRetentionInDays: 7,
    },
  });
  for (;;) {
    const { properties } = JSON.parse((await ask('GET', hsm)).text) as {
      readonly properties: { readonly provisioningState: string; readonly statusMessage?: string };
    };
    if (properties.provisioningState === 'Succeeded') return;
    if (properties.provisioningState === 'Failed') throw new Error(`Failed: ${properties.statusMessage ?? ''}`);
    await delay(50);
  }
}
