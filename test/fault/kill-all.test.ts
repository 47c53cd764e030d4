// Every acknowledged change survives the death of all processes at once, at any moment: also while starting. More rounds
// with STRONGROOM_FAULT_ROUNDS.
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { dataPlaneToken, instanceClient } from '../support/instance-client.ts';
import { killAll } from '../support/process-tree.ts';
import { interruptStart, startProduct } from '../support/running-product.ts';
import { readAuditLog, verifyAuditLog } from './audit-log.ts';
import { checkLedger, Ledger, prepare, runWorkload } from './workload.ts';

const ROUNDS = Number(process.env['STRONGROOM_FAULT_ROUNDS'] ?? 6);

let folder: string;
let data: string;
let token: string;
const ledger = new Ledger();

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'strongroom-kill-'));
  data = join(folder, 'data');
  await using product = await startProduct({ data });
  token = await dataPlaneToken(product, await product.environment());
  using client = instanceClient(product, token);
  await prepare(client);
  assert.equal(await product.stop(), 0);
});
after(() => rm(folder, { recursive: true, force: true }));

for (let round = 1; round <= ROUNDS; round++) {
  test(`killed at a random moment, round ${round}`, async (context) => {
    const at = { changes: ledger.changes, operations: ledger.operations };
    {
      await using product = await startProduct({ data, demo: false });
      using client = instanceClient(product, token);
      if (round > 1) await checkLedger(client, ledger);
      const ended = new AbortController();
      const work = runWorkload(client, ledger, ended.signal);
      // The moment is what this test varies; only in the last round there must have been something to lose.
      const moment = randomInt(1, 700);
      await delay(moment);
      for (const end = performance.now() + 90_000; round === ROUNDS && !hasEnough(); await delay(5)) {
        assert.ok(performance.now() < end, 'the service answers too little');
      }
      await killAll(shuffled(product.pids));
      ended.abort();
      await work;
      context.diagnostic(
        `killed after ${moment} ms, ${ledger.changes - at.changes} changes and ` +
          `${ledger.operations - at.operations} operations`,
      );
    }
    if (round % 3 === 0) {
      const moment = randomInt(200, 2_500);
      await interruptStart(data, moment);
      context.diagnostic(`and ${moment} ms after the next start`);
    }
    await verifyAuditLog(data);
  });
}

test('after the last round all of it is there, and the log knows every answer that was given', async () => {
  await using product = await startProduct({ data, demo: false });
  using client = instanceClient(product, token);
  await checkLedger(client, ledger);
  assert.equal(await product.stop(), 0, product.output);
  await verifyAuditLog(data);
  const recorded = new Set(readAuditLog(data).map(({ correlationId }) => correlationId));
  const missing = ledger.requestIds.filter((id) => !recorded.has(id));
  assert.deepEqual(missing, []);
  assert.ok(hasEnough(), 'the rounds were too short to say anything');
  assert.deepEqual(
    ledger.refusals.filter((refusal) => !/: 503 /.test(refusal)),
    [],
  );
});

function hasEnough(): boolean {
  return ledger.changes > 20 && ledger.operations > 20;
}

function shuffled(pids: readonly number[]): number[] {
  return pids
    .map((pid) => ({ pid, at: Math.random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ pid }) => pid);
}
