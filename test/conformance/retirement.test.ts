// The retirement guard against a stock client, and the commands that tell who uses what, against the product as shipped.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { dataPlaneToken, instanceClient } from '../support/instance-client.ts';
import { runStrongroom } from '../support/run-strongroom.ts';
import { CHECKOUT, type RunningProduct, startProduct } from '../support/running-product.ts';
import { skipUnless } from '../system-programs.ts';
import { azureCli } from './azure-cli.ts';
import { testChecks } from './checks.ts';
import { type Ended, runIn } from './run-in.ts';

/** As the guide has it for those who have `az` alone. */
const [, WITH_A_REASON = ''] =
  /^<!-- run by: test\/conformance\/retirement.test.ts -->\n```\n(.*?)```$/ms.exec(
    readFileSync(join(CHECKOUT, 'docs/guide/usage.md'), 'utf8'),
  ) ?? assert.fail('the guide has no such block');

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
    assert.match(
      who.stdout,
      /^PRINCIPAL +KIND +BY .*\n(.+\n)*.* caller +Managed HSM Crypto User at \/.*broader than used\n/,
    );
    assert.match(who.stdout, /Groups come in tokens/);

    const used = await strongroom('usage', '--key', 'kept', '--json');
    assert.equal(used.code, 0, used.stderr);
    const { rows } = JSON.parse(used.stdout) as { rows: { operation: string; count: number }[] };
    assert.deepEqual(
      rows.map(({ operation, count }) => [operation, count]),
      [['KeyWrap', 1]],
    );
  });

  test('az prints the refusal, and goes on with a reason that its user agent carries', {
    skip: skipUnless('az'),
  }, async () => {
    const { AZURE_CLIENT_ID: id = '', AZURE_CLIENT_SECRET: secret = '', AZURE_TENANT_ID: tenant = '' } = environment;
    await using az = await azureCli(environment);
    const key = (line: string): Promise<Ended> =>
      az.run('keyvault', 'key', ...line.split(' '), '--hsm-name', 'dev', '--output', 'none');
    await az.json('login', '--service-principal', '-u', id, '-p', secret, '--tenant', tenant);
    await key('create --name worn --kty RSA-HSM --size 2048');
    const digest = Buffer.alloc(32, 1).toString('base64');
    assert.equal((await key(`sign --name worn --algorithm RS256 --digest ${digest}`)).code, 0);
    const soon = new Date(Date.now() + 86_400_000).toISOString().replace(/\.\d+/, '');
    const takings = [
      'set-attributes --name worn --enabled false',
      `set-attributes --name worn --expires ${soon}`,
      'set-attributes --name worn --ops verify',
      'delete --name worn',
    ];
    for (const line of takings) {
      const { code, stderr } = await key(line);
      assert.equal(code, 1, line);
      assert.match(
        stderr,
        /\(Conflict\).*was used in the last 30 days by .*KeySign, 1 times.*StrongroomRetirementGuard/,
        line,
      );
      assert.match(stderr, /"code": "KeyInUse"/, line);
    }
    const made = await runIn(
      { cwd: product.data, env: environment },
      'bash',
      '-ec',
      `${WITH_A_REASON}printf %s "$AZURE_HTTP_USER_AGENT"`,
    );
    await using explaining = await azureCli({ ...environment, AZURE_HTTP_USER_AGENT: made.stdout });
    await explaining.json('login', '--service-principal', '-u', id, '-p', secret, '--tenant', tenant);
    for (const line of takings) {
      await explaining.json('keyvault', 'key', ...line.split(' '), '--hsm-name', 'dev');
    }
    const logged = await strongroom(
      'audit',
      'search',
      '--key',
      'worn',
      '--outcome',
      'success',
      '--operation',
      'KeyDelete',
      '--json',
    );
    const { properties } = JSON.parse(logged.stdout) as {
      properties: { detail: { reason: string; usedBy: string[] } };
    };
    assert.deepEqual([properties.detail.reason, properties.detail.usedBy.length], ['moved to the key tde-2027', 1]);
  });
});
