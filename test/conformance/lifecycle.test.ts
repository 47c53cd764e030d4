// The life of keys and the settings through stock clients, against the product as shipped: az, Python and JavaScript delete,
// recover and purge; a name of a vault is turned on by an operator; the product's own command moves the clock.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { CHECKOUT, cleanEnvironment, type RunningProduct, startProduct } from '../support/running-product.ts';
import { PYTHON, skipUnless } from '../system-programs.ts';
import { testChecks } from './checks.ts';
import { type Ended, runIn } from './run-in.ts';

type Json = Record<string, never> & { readonly [name: string]: Json } & readonly Json[] & string;

describe('the life of keys', { skip: skipUnless('az', 'python-azure') }, () => {
  let product: RunningProduct;
  let environment: Readonly<Record<string, string>>;
  before(async () => {
    product = await startProduct();
    environment = await product.environment();
    const { AZURE_CLIENT_ID: id = '', AZURE_CLIENT_SECRET: secret = '', AZURE_TENANT_ID: tenant = '' } = environment;
    const login = await az('login --service-principal -u', id, '-p', secret, '--tenant', tenant);
    assert.equal(login.code, 0, login.stderr);
  });
  after(() => product[Symbol.asyncDispose]());

  const az = (line: string, ...values: readonly string[]): Promise<Ended> =>
    runIn({ cwd: product.data, env: environment }, 'az', ...line.split(' '), ...values);
  const json = async (line: string): Promise<Json> => {
    const { code, stdout, stderr } = await az(line, '--output', 'json');
    assert.equal(code, 0, `az ${line}: ${stderr}`);
    return JSON.parse(stdout === '' ? 'null' : stdout) as Json;
  };
  const key = 'keyvault key';
  const one = '--hsm-name dev --name az-life';

  test('az deletes a key, shows it deleted, and recovers it', async () => {
    await json(`${key} create ${one} --kty EC-HSM`);
    const deleted = await json(`${key} delete ${one}`);
    assert.equal(deleted['recoveryId'], 'https://dev.managedhsm.azure.net/deletedkeys/az-life');
    assert.match(deleted['scheduledPurgeDate'] ?? '', /^\d{4}-/);
    const listed = await json(`${key} list-deleted --hsm-name dev`);
    assert.deepEqual(
      listed.map((item) => item['kid']),
      ['https://dev.managedhsm.azure.net/keys/az-life'],
    );
    assert.equal((await json(`${key} show-deleted ${one}`))['recoveryId'], deleted['recoveryId']);
    const taken = await az(`${key} create ${one} --kty EC-HSM`);
    assert.notEqual(taken.code, 0);
    assert.match(taken.stderr, /deleted but recoverable state/);
    await json(`${key} recover ${one}`);
    assert.match((await json(`${key} show ${one}`))['key']?.['kid'] ?? '', /\/keys\/az-life\/[0-9a-f]{32}$/);
  });

  test('az purges a deleted key', async () => {
    await json(`${key} delete ${one}`);
    assert.equal((await az(`${key} purge ${one}`)).code, 0);
    assert.deepEqual(await json(`${key} list-deleted --hsm-name dev`), []);
    assert.notEqual((await az(`${key} show-deleted ${one}`)).code, 0);
  });

  test('az lists, shows and updates settings', async () => {
    const { code, stdout } = await az('keyvault setting list --hsm-name dev --output json');
    assert.equal(code, 0);
    assert.match(stdout, /AllowKeyManagementOperationsThroughARM/);
    await json('keyvault setting update --hsm-name dev --name StrongroomVaultAlias --value true');
    const shown = await json('keyvault setting show --hsm-name dev --name StrongroomVaultAlias');
    assert.deepEqual([shown['value'], shown['type'] ?? shown['settingType']], ['true', 'boolean']);
  });

  test('the clock command moves the instance ahead, and a deleted key goes when its time has come', async () => {
    await json(`${key} create ${one} --kty EC-HSM`);
    await json(`${key} delete ${one}`);
    const clock = (...words: readonly string[]): Promise<Ended> =>
      runIn(
        { cwd: product.data, env: cleanEnvironment() },
        join(CHECKOUT, 'strongroom'),
        ...['clock', ...words, '--data', product.data],
      );
    const before = await clock('show', '--json');
    assert.equal(before.code, 0, before.stderr);
    assert.equal((JSON.parse(before.stdout) as { offsetSeconds: number }).offsetSeconds, 0);
    const moved = await clock('advance', '8d');
    assert.equal(moved.code, 0, moved.stderr);
    assert.match(moved.stdout, /8 days ahead/);
    assert.deepEqual(await json(`${key} list-deleted --hsm-name dev`), []);
    assert.equal((await clock('advance', '8 days')).code, 2);
    assert.equal((await clock('show', '--hsm-name', 'nobody')).code, 1);
    const back = await clock('reset');
    assert.match(back.stdout, /real time/);
  });

  describe('the stock JavaScript SDK', () => {
    let ended: Ended;
    before(async () => {
      const env = { ...environment, VAULT_URI: 'https://dev.vault.azure.net' };
      const program = join(import.meta.dirname, 'clients/lifecycle.ts');
      ended = await runIn({ cwd: product.data, env }, process.execPath, program);
    });
    testChecks(
      [
        'deletes by poller',
        'lists and gets deleted',
        'cannot make a key of that name',
        'recovers by poller',
        'uses the key under the name of a vault',
        'purges',
      ],
      () => ended,
    );
  });

  describe('the stock Python SDK', () => {
    let ended: Ended;
    before(async () => {
      const env = { ...environment, PYTHONDONTWRITEBYTECODE: '1' };
      ended = await runIn({ cwd: product.data, env }, PYTHON, join(import.meta.dirname, 'clients/lifecycle.py'));
    });
    testChecks(
      ['deletes by poller', 'lists and gets deleted', 'recovers by poller', 'purges', 'reads and changes settings'],
      () => ended,
    );
  });
});
