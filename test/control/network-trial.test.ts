// Network rules on trial in the product as shipped: taken back by the service itself, also when everything was killed, or kept
// by whoever they let in; and the log tells each step. Beside it, what the command line says of access there.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { readDevClients } from '../../src/deployment/dev-clients.ts';
import type { AccessReport } from '../../src/features/access/report.ts';
import { openEntries } from '../../src/features/audit/read-entries.ts';
import type { NetworkRules } from '../../src/formats/network-rules.ts';
import { dataPlaneToken, instanceClient } from '../support/instance-client.ts';
import { runStrongroom } from '../support/run-strongroom.ts';
import { type RunningProduct, startProduct } from '../support/running-product.ts';

describe('network rules on trial', () => {
  let product: RunningProduct;
  const elsewhere = ['--allow', '203.0.113.0/24', '--default', 'deny'];
  const strongroom = (...words: string[]) => runStrongroom(...words, '--data', product.data);
  const network = (): NetworkRules => {
    const file = join(product.data, 'instances', 'dev', 'instance.json');
    return (JSON.parse(readFileSync(file, 'utf8')) as { network: NetworkRules }).network;
  };
  const rules = (): unknown => network().networkAcls.ipRules;
  const steps = (): readonly string[] =>
    [...openEntries(join(product.data, 'instances', 'dev', 'audit')).from(0)]
      .map(({ text }) => (JSON.parse(text) as { operationName: string }).operationName)
      .filter((name) => name.startsWith('NetworkTrial'));
  const isBack = (): boolean => JSON.stringify(rules()) === '[]' && steps().at(-1) === 'NetworkTrialReverted';
  /** The workers, which log the step, hear of it a moment after it is written down. */
  const whenBack = async (): Promise<void> => {
    for (const end = performance.now() + 240_000; !isBack(); await delay(100)) {
      assert.ok(performance.now() < end, 'the rules of before did not come back');
    }
  };

  before(async () => {
    product = await startProduct();
  });
  after(() => product[Symbol.asyncDispose]());

  test('the plan names who would be cut off, and is quiet about who would not', async () => {
    const cut = await strongroom('network', 'plan', 'dev', ...elsewhere, '--json');
    assert.equal(cut.code, 1, cut.stderr);
    const { cutOff, entries } = JSON.parse(cut.stdout) as {
      cutOff: { address: string; calls: number }[];
      entries: number;
    };
    assert.deepEqual(
      cutOff.map(({ address }) => address),
      ['127.0.0.1'],
    );
    assert.ok(entries > 0);
    const text = await strongroom('network', 'plan', 'dev', ...elsewhere);
    assert.match(text.stdout, /CUT OFF {2}127\.0\.0\.1 .*\n {9}[0-9a-f-]{36} \(/);
    const fine = await strongroom('network', 'plan', 'dev', '--allow', '127.0.0.0/8');
    assert.equal(fine.code, 0, fine.stdout + fine.stderr);
  });

  test('from where they let nobody in, confirming is refused, as is another trial meanwhile', async () => {
    const begun = await strongroom('network', 'apply', 'dev', ...elsewhere, '--confirm-within', '1h');
    assert.equal(begun.code, 0, begun.stderr);
    assert.ok(begun.stdout.endsWith(`  ./strongroom network confirm dev --data ${product.data}\n`), begun.stdout);
    assert.deepEqual(rules(), ['203.0.113.0/24']);
    const again = await strongroom('network', 'apply', 'dev', ...elsewhere);
    assert.match(again.stderr, /NetworkTrialRunning/);
    const status = await strongroom('status');
    assert.match(status.stdout, /answered 403 .*\n.*: \.\/strongroom network revert dev --data /);
    assert.doesNotMatch(status.stdout, /WHO/);
    const confirmed = await strongroom('network', 'confirm', 'dev');
    assert.equal(confirmed.code, 1);
    assert.match(confirmed.stderr, /do not let this machine in; nothing was confirmed/);
    const back = await strongroom('network', 'revert', 'dev');
    assert.equal(back.code, 0, back.stderr);
  });

  test('nobody confirms: the service takes them back', async () => {
    const begun = await strongroom('network', 'apply', 'dev', ...elsewhere, '--confirm-within', '10s');
    assert.equal(begun.code, 0, begun.stderr);
    await whenBack();
    const once = ['NetworkTrialBegun', 'NetworkTrialReverted'];
    assert.deepEqual(steps(), [...once, ...once]);
    const late = await strongroom('network', 'confirm', 'dev');
    assert.match(late.stderr, /NetworkTrialNotFound/);
  });

  test('everything is killed meanwhile: they are taken back after the next start', async () => {
    const begun = await strongroom('network', 'apply', 'dev', ...elsewhere, '--confirm-within', '25s');
    assert.equal(begun.code, 0, begun.stderr);
    await product.kill();
    assert.deepEqual(rules(), ['203.0.113.0/24']);
    const { data } = product;
    product = await startProduct({ data });
    await whenBack();
    assert.deepEqual(steps().slice(4), ['NetworkTrialBegun', 'NetworkTrialReverted']);
  });

  test('confirmed in time, they stay; taken back by hand, they are gone at once', async () => {
    const here = ['--allow', '127.0.0.1'];
    assert.equal((await strongroom('network', 'apply', 'dev', ...here, '--confirm-within', '1h')).code, 0);
    const confirmed = await strongroom('network', 'confirm', 'dev');
    assert.equal(confirmed.code, 0, confirmed.stderr);
    assert.equal((await strongroom('network', 'apply', 'dev', ...elsewhere, '--confirm-within', '1h')).code, 0);
    const back = await strongroom('network', 'revert', 'dev');
    assert.equal(back.code, 0, back.stderr);
    assert.deepEqual(rules(), ['127.0.0.1/32']);
    assert.deepEqual(steps().slice(6), [
      'NetworkTrialBegun',
      'NetworkTrialConfirmed',
      'NetworkTrialBegun',
      'NetworkTrialReverted',
    ]);
  });

  test('what a trial does not name stays as it is: public access that is off stays off', async () => {
    const off = await strongroom('network', 'apply', 'dev', '--public-access', 'disabled');
    assert.equal(off.code, 0, off.stderr);
    assert.deepEqual(network().networkAcls, {
      bypass: 'AzureServices',
      defaultAction: 'Deny',
      ipRules: ['127.0.0.1/32'],
    });
    assert.equal((await strongroom('network', 'confirm', 'dev', '--from-elsewhere')).code, 0);
    const planned = await strongroom('network', 'plan', 'dev', '--allow', '127.0.0.0/8');
    assert.match(planned.stdout, /CUT OFF {2}127\.0\.0\.1 .*public access is disabled/);
    assert.equal((await strongroom('network', 'apply', 'dev', '--allow', '127.0.0.0/8')).code, 0);
    assert.equal(network().publicNetworkAccess, 'Disabled');
    assert.deepEqual(rules(), ['127.0.0.0/8']);
    assert.equal((await strongroom('network', 'revert', 'dev')).code, 0);
    assert.equal((await strongroom('network', 'apply', 'dev', '--public-access', 'enabled')).code, 0);
    assert.equal((await strongroom('network', 'confirm', 'dev')).code, 0);
    assert.deepEqual([network().publicNetworkAccess, rules()], ['Enabled', ['127.0.0.1/32']]);
  });

  test('a refusal is explained at the terminal, with names, and without a running service from the log alone', async () => {
    const environment = await product.environment();
    const owner = await dataPlaneToken(product, environment, 'STRONGROOM_OWNER');
    using client = instanceClient(product, owner);
    const denied = await client.ask('GET', '/settings');
    assert.equal(denied.status, 403, denied.text);
    const explained = await strongroom('access', 'explain', denied.requestId);
    assert.equal(explained.code, 0, explained.stderr);
    assert.match(explained.stdout, /cause +NoRole\n/);
    assert.match(explained.stdout, /az keyvault role assignment create --hsm-name dev --role "/);
    const who = /assignee-object-id ([0-9a-f-]{36})/.exec(explained.stdout)?.[1] ?? '';
    assert.match(explained.stdout, new RegExp(`who +${who} \\(`));
    const { consumer, admin } = readDevClients(product.data).applications;
    const wanted = ['access', 'check', '--action', 'keys/unwrap/action', '--scope', '/keys/demo-kek', '--who'];
    assert.equal((await strongroom(...wanted, consumer.oid)).code, 1);
    assert.equal((await strongroom(...wanted, admin.oid)).code, 0);
    await product.stop();
    const alone = await strongroom('access', 'explain', denied.requestId, '--json');
    assert.equal(alone.code, 0, alone.stderr);
    const report = JSON.parse(alone.stdout) as AccessReport;
    assert.deepEqual([report.cause, report.who.objectId, report.explanation], ['NoRole', who, undefined]);
  });
});
