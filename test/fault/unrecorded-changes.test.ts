// Changes that share a commit, and whose worker and recorder are killed as soon as they are committed: they stand, and the log says of how
// many there is no entry.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { places } from '../../src/deployment/data-layout.ts';
import { openEntries } from '../../src/features/audit/read-entries.ts';
import { dataPlaneToken, instanceClient } from '../support/instance-client.ts';
import { startProduct } from '../support/running-product.ts';
import { verifyAuditLog } from './audit-log.ts';

const CRYPTO_USER = '21dbd100-6940-42c2-9190-5d6cb909625b';
const ASSIGNMENTS = '/providers/Microsoft.Authorization/roleAssignments';
const COUNT = 8;

interface Entry {
  readonly operationName: string;
  readonly requestUri?: string;
  readonly storeHead?: { readonly sequence: number; readonly entries?: number; readonly unrecorded?: number };
}

test('the start puts a head on record that holds changes without an entry, and how many', async () => {
  await using product = await startProduct();
  const token = await dataPlaneToken(product, await product.environment());
  using client = instanceClient(product, token);
  const named = (index: number): string => `0000000${index}-0000-4000-8000-000000000000`;
  const assign = (index: number) =>
    client.ask('PUT', `${ASSIGNMENTS}/${named(index)}`, {
      properties: {
        roleDefinitionId: `Microsoft.KeyVault/providers/Microsoft.Authorization/roleDefinitions/${CRYPTO_USER}`,
        principalId: `0000000${index}-0000-4000-8001-000000000000`,
      },
    });
  // Of every connection one, so that those to come arrive together.
  await Promise.all(Array.from({ length: COUNT }, () => client.ask('GET', ASSIGNMENTS)));
  const { recorder, service = [] } = product.state.pids.instances['dev'] ?? {};
  assert.ok(typeof recorder === 'number');
  using db = new DatabaseSync(join(places(product.data).instance('dev').store, 'store.db'), { readOnly: true });
  const rows = (): number => Number(db.prepare('SELECT count(*) AS n FROM rows').get()?.['n']);
  const before = rows();
  for (const pid of service) process.kill(pid, 'SIGSTOP');
  const asked = Promise.allSettled(Array.from({ length: COUNT }, (_, index) => assign(index)));
  // All of them lie there when it goes on.
  await delay(100);
  for (const pid of service) process.kill(pid, 'SIGCONT');
  // Without a turn of the loop between: the entries are on their way within a millisecond.
  const until = performance.now() + 20_000;
  while (rows() === before) assert.ok(performance.now() < until, 'nothing is committed');
  for (const pid of [...service, recorder]) process.kill(pid, 'SIGKILL');
  await asked;

  await product.until(({ pids, instances }) => {
    const { recorder: next, service: workers = [] } = pids.instances['dev'] ?? {};
    return next !== recorder && !workers.some((pid) => service.includes(pid)) && instances['dev']?.port !== 0;
  });
  using fresh = instanceClient(product, token);
  const { status, json, text } = await fresh.ask('GET', ASSIGNMENTS);
  assert.equal(status, 200, text);
  const listed = (json['value'] as readonly { readonly name: string }[]).map(({ name }) => name);
  const committed = Array.from({ length: COUNT }, (_, index) => named(index)).filter((name) => listed.includes(name));
  assert.equal(await product.stop(), 0, product.output);
  await verifyAuditLog(product.data);
  const texts = [...openEntries(places(product.data).instance('dev').audit).from(0)];
  const entries = texts.map(({ text }) => JSON.parse(text) as Entry);
  const completed = entries.filter(({ operationName }) => operationName === 'StoreHeadCompleted');
  const recorded = entries.flatMap(({ requestUri = '' }) => committed.filter((name) => requestUri.includes(name)));
  const missing = completed
    .map(({ storeHead: { unrecorded = 0 } = {} }) => unrecorded)
    .reduce((sum, each) => sum + each, 0);
  assert.ok(committed.length > 0);
  assert.equal(recorded.length + missing, committed.length, 'each has an entry, or is one of those that have none');
});
