// One process dies while clients are at work: it comes back by itself, what was acknowledged holds, and who has nothing
// to do with it notices nothing.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { RunningState } from '../../src/deployment/running-state.ts';
import { dataPlaneToken, instanceClient } from '../support/instance-client.ts';
import { killAll } from '../support/process-tree.ts';
import { type RunningProduct, startProduct } from '../support/running-product.ts';
import { readAuditLog, verifyAuditLog } from './audit-log.ts';
import { checkLedger, Ledger, prepare, runWorkload } from './workload.ts';

let product: RunningProduct;
let environment: Readonly<Record<string, string>>;
let token: string;

before(async () => {
  product = await startProduct();
  environment = await product.environment();
  token = await dataPlaneToken(product, environment);
  using client = instanceClient(product, token);
  await prepare(client);
});
after(() => product[Symbol.asyncDispose]());

const pidsOf = (role: 'recorder' | 'service' | 'module', state: RunningState): readonly number[] =>
  [state.pids.instances['dev']?.[role] ?? []].flat();
const serves = (state: RunningState): boolean => state.instances['dev']?.port !== 0;

/** Kills under load, waits until `isBack`, lets the load go on and checks the ledger. */
async function killUnderLoad(victim: number, isBack: (state: RunningState) => boolean): Promise<Ledger> {
  const ledger = new Ledger();
  const ended = new AbortController();
  using client = instanceClient(product, token);
  const work = runWorkload(client, ledger, ended.signal);
  await reaches(ledger, 20);
  await killAll([victim]);
  await product.until(isBack);
  const atReturn = ledger.operations;
  using later = instanceClient(product, token);
  const more = runWorkload(later, ledger, ended.signal);
  await reaches(ledger, atReturn + 20);
  ended.abort();
  await Promise.all([work, more]);
  await checkLedger(later, ledger);
  return ledger;
}

async function reaches(ledger: Ledger, operations: number): Promise<void> {
  while (ledger.operations < operations) await new Promise((resolve) => setTimeout(resolve, 5));
}

test('a module dies: no caller notices, and another takes its place', async () => {
  const [victim = 0, ...others] = pidsOf('module', product.state);
  assert.ok(others.length > 0, 'there is only one partition');
  const ledger = await killUnderLoad(victim, (state) => {
    const now = pidsOf('module', state);
    return !now.includes(victim) && now.length === others.length + 1;
  });
  assert.deepEqual(ledger.refusals, []);
});

test('the service dies: it is back on its port with all that was acknowledged', async () => {
  const { port } = product.state.instances['dev'] ?? {};
  const [victim = 0] = pidsOf('service', product.state);
  const modules = pidsOf('module', product.state);
  const ledger = await killUnderLoad(
    victim,
    (state) => !pidsOf('service', state).includes(victim) && serves(state) && pidsOf('module', state).length > 0,
  );
  assert.equal(product.state.instances['dev']?.port, port);
  assert.ok(ledger.changes > 0);
  assert.ok(!pidsOf('module', product.state).some((pid) => modules.includes(pid)), 'modules outlive their service');
});

test('the recorder dies: nothing is answered that it does not hold, and nothing is in the log twice', async () => {
  const [victim = 0] = pidsOf('recorder', product.state);
  const ledger = await killUnderLoad(victim, (state) => {
    const [now] = pidsOf('recorder', state);
    return now !== undefined && now !== victim && serves(state);
  });
  assert.ok(
    ledger.refusals.every((refusal) => / 503 /.test(refusal)),
    ledger.refusals.join('\n'),
  );
  const recorded = readAuditLog(product.data).map(({ correlationId }) => correlationId);
  const known = new Set(recorded);
  assert.equal(recorded.length, known.size, 'an entry is there twice');
  assert.deepEqual(
    ledger.requestIds.filter((id) => !known.has(id)),
    [],
  );
});

test('control dies: keys are used as before, and tokens and names are back', async () => {
  const victim = product.state.pids.control ?? 0;
  const ledger = await killUnderLoad(victim, ({ pids }) => pids.control !== null && pids.control !== victim);
  assert.deepEqual(ledger.refusals, []);
  const fresh = await dataPlaneToken(product, environment);
  using client = instanceClient(product, fresh);
  assert.equal((await client.ask('GET', '/keys/fault-aes')).status, 200);
});

test('after all of it the log is whole', async () => {
  assert.equal(await product.stop(), 0, product.output);
  await verifyAuditLog(product.data);
});
