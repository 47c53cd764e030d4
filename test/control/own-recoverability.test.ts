// Whoever is at the machine and is answered nothing still sees how well an HSM could be recovered, and who asks further.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { runStrongroom } from '../support/run-strongroom.ts';
import { startProduct } from '../support/running-product.ts';

test('the margin is known without a token, and what is next is for an administrator', async () => {
  await using product = await startProduct();
  const status = () => runStrongroom('status', '--data', product.data);
  const asked = await status();
  const [margin = ''] = /\n {2}custodians: margin -?\d .*\n/.exec(asked.stdout) ?? assert.fail(asked.stdout);
  const clients = join(product.data, 'dev-clients.json');
  const good = readFileSync(clients, 'utf8');
  writeFileSync(clients, good.replaceAll(/"secret": "[^"]*"/g, '"secret": "not-it"'));
  for (const end = performance.now() + 90_000; ; await delay(200)) {
    const { code, stdout } = await status();
    // It is told when it changes, and looked at every half minute.
    if (!stdout.includes(margin) && performance.now() < end) continue;
    assert.ok(stdout.includes(margin), stdout);
    assert.match(stdout, /\n {2}asked, it does not answer: .*\n(.*\n)? {4}WHO: az/);
    assert.equal(code, asked.code, stdout);
    break;
  }
});
