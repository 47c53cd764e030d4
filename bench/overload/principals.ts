// Two principals of a throw-away instance who may both use keys: the administrator, and the application that the dev profile makes.
import { randomUUID } from 'node:crypto';
import { readDevClients } from '../../src/deployment/dev-clients.ts';
import { connectHsm, type Hsm, requestHeaders } from '../product/hsm.ts';
import { call } from '../product/https-call.ts';
import type { Product } from '../product/product.ts';

const CRYPTO_USER = '21dbd100-6940-42c2-9190-5d6cb909625b';
const PREFIX = 'Microsoft.KeyVault/providers/Microsoft.Authorization/roleDefinitions';

export async function twoPrincipals(product: Product, dataFolder: string): Promise<{ first: Hsm; second: Hsm }> {
  const first = await connectHsm(product);
  const { consumer } = readDevClients(dataFolder).applications;
  const second = await connectHsm(product, { id: consumer.appId, secret: consumer.secret });
  const made = await call(
    first.endpoint,
    'PUT',
    `/keys/providers/Microsoft.Authorization/roleAssignments/${randomUUID()}?api-version=7.4`,
    requestHeaders(first.token),
    JSON.stringify({ properties: { roleDefinitionId: `${PREFIX}/${CRYPTO_USER}`, principalId: consumer.oid } }),
  );
  if (made.status !== 201) throw new Error(`the role of the second principal: ${made.status} ${made.text}`);
  return { first, second };
}
