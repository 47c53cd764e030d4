// The processes of an instance are replaced while clients are at work, as for an upgrade: no request fails, none is recorded
// twice, and what was acknowledged holds.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { dataPlaneToken, type InstanceClient, instanceClient } from '../support/instance-client.ts';
import { runStrongroom } from '../support/run-strongroom.ts';
import { type RunningProduct, startProduct } from '../support/running-product.ts';
import { readAuditLog, verifyAuditLog } from './audit-log.ts';
import { checkLedger, Ledger, prepare, runWorkload } from './workload.ts';

let product: RunningProduct;
let token: string;

const folder = mkdtempSync(join(tmpdir(), 'strongroom-test-'));
const socket = join(folder, 'plant.sock');
before(async () => {
  const config = join(folder, 'dev.json');
  writeFileSync(config, JSON.stringify({ privateListeners: [{ instance: 'dev', connection: 'plant', socket }] }));
  product = await startProduct({ config });
  token = await dataPlaneToken(product, await product.environment());
  using client = instanceClient(product, token);
  await prepare(client);
});
after(async () => {
  await product[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

const pids = (): readonly number[] => {
  const { recorder, service = [], module = [] } = product.state.pids.instances['dev'] ?? {};
  return [recorder ?? 0, ...service, ...module];
};

test('no request fails while all processes of an instance are replaced, twice', async () => {
  const ledger = new Ledger();
  const ended = new AbortController();
  const lost: unknown[] = [];
  using client = instanceClient(product, token, 'dev', 'front');
  const strict: InstanceClient = {
    ask: (...request) =>
      client.ask(...request).catch((error: unknown) => {
        lost.push(error);
        throw error;
      }),
    [Symbol.dispose]: () => undefined,
  };
  const work = runWorkload(strict, ledger, ended.signal);
  const old = pids();
  let { ino } = statSync(socket);
  for (let round = 0; round < 2; round++) {
    const replaced = await runStrongroom('instance', 'restart', 'dev', '--data', product.data);
    assert.equal(replaced.code, 0, replaced.stderr);
    assert.equal(replaced.stdout, 'dev is served by new processes.\n');
    // Its name leads to the new worker; a connection that cannot be made rejects.
    assert.notEqual(statSync(socket).ino, ino, 'the private socket has been handed over');
    ({ ino } = statSync(socket));
    const plant = connect(socket);
    await once(plant, 'connect');
    plant.destroy();
    const { operations, changes } = ledger;
    while (lost.length === 0 && (ledger.operations < operations + 20 || ledger.changes < changes + 20)) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
  ended.abort();
  await work;
  assert.deepEqual([lost, ledger.refusals], [[], []]);
  // Those of the first start have gone as their clients had.
  await product.until(() => !pids().some((pid) => old.includes(pid)));
  using fresh = instanceClient(product, token, 'dev', 'front');
  await checkLedger(fresh, ledger);
  assert.equal(await product.stop(), 0, product.output);
  await verifyAuditLog(product.data);
  const recorded = readAuditLog(product.data);
  const ids = recorded.map(({ correlationId }) => correlationId);
  assert.equal(ids.length, new Set(ids).size, 'an entry is there twice');
  const known = new Set(ids);
  assert.deepEqual(
    ledger.requestIds.filter((id) => !known.has(id)),
    [],
  );
  // Who starts beside others does not take what they are about to record for what nobody recorded.
  assert.deepEqual(
    recorded.filter(({ operationName }) => operationName === 'StoreHeadCompleted'),
    [],
  );
});
