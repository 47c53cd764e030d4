// The retirement guard against a stock client, and the commands that tell who uses what, against the product as shipped.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { dataPlaneToken, instanceClient } from '../support/instance-client.ts';
import { runStrongroom } from '../support/run-strongroom.ts';
import { type RunningProduct, startProduct } from '../support/running-product.ts';
import { testChecks } from './checks.ts';
import { type Ended, runIn } from './run-in.ts';

describe('a key in use, and a stock client that takes it away', () => {
  let product: RunningProduct;
  let environment: Readonly<Record<string, string>>;
  let ended: Ended;
  before(async () => {
    product = await startProduct();
    environment = await product.environment();
    using instance = instanceClient(product, await dataPlaneToken(product, environment));
    const set = await instance.ask('PATCH', '/settings/StrongroomRetirementGuard', { value: 'enforce' });
    assert.equal(set.status, 200, set.text);
    const program = join(import.meta.dirname, 'clients/retirement.ts');
    ended = await runIn({ cwd: product.data, env: environment }, process.execPath, program);
    const crypto = { kty: 'oct-HSM', key_size: 256 };
    assert.equal((await instance.ask('POST', '/keys/kept/create', crypto)).status, 200);
    const value = Buffer.alloc(32, 1).toString('base64url');
    assert.equal((await instance.ask('POST', '/keys/kept/wrapkey', { alg: 'A256KW', value })).status, 200);
  });
  after(() => product[Symbol.asyncDispose]());

  testChecks(
    [
      'goes on as ever with a key that nobody used',
      'is refused a key in use, and told who uses it and how to go on',
      'goes on with a reason in its user agent',
    ],
    () => ended,
  );

  const strongroom = (...words: readonly string[]): Promise<Ended> => runStrongroom(...words, '--data', product.data);

  test('commands say who depends on a key, who could use it, and who did', async () => {
    const dependants = await strongroom('key', 'dependants', 'kept');
    assert.equal(dependants.code, 1, dependants.stderr);
    assert.match(
      dependants.stdout,
      /^VERSION +STATE +USED BY +OPERATION.*\n[0-9a-f]{32} +enabled, current +\S+ \(.*\) +KeyWrap +1 /,
    );
    assert.match(dependants.stderr, /Of the last 30 days\. The guard is enforce/);
    const nobody = await strongroom('key', 'dependants', 'kept', '--version', '0'.repeat(32));
    assert.equal(nobody.code, 2);

    const who = await strongroom('access', 'who', '--key', 'kept');
    assert.equal(who.code, 0, who.stderr);
    assert.match(who.stdout, /^PRINCIPAL +KIND +BY .*\n.* caller +Managed HSM Crypto User at \/.*broader than used\n/);
    assert.match(who.stdout, /Groups come in tokens/);

    const used = await strongroom('usage', '--key', 'kept', '--json');
    assert.equal(used.code, 0, used.stderr);
    const { rows } = JSON.parse(used.stdout) as { rows: { operation: string; count: number }[] };
    assert.deepEqual(
      rows.map(({ operation, count }) => [operation, count]),
      [['KeyWrap', 1]],
    );
  });
});
