// What the stock clients do wrong by themselves, each shown: a client that is mended fails its test here, and what is told
// of it can go. None of it can be made right by a service.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type RunningProduct, startProduct } from '../support/running-product.ts';
import { PYTHON, skipUnless } from '../system-programs.ts';
import { testChecks } from './checks.ts';
import { type Ended, runIn } from './run-in.ts';

let product: RunningProduct;
let env: Readonly<Record<string, string>>;
before(async () => {
  product = await startProduct();
  env = await product.environment();
});
after(() => product[Symbol.asyncDispose]());

describe('defects of the stock JavaScript SDK', () => {
  let ended: Ended;
  before(async () => {
    const client = join(import.meta.dirname, 'clients/defects.ts');
    ended = await runIn({ cwd: product.data, env }, process.execPath, client);
  });
  testChecks(['verifyData of PS256 says false to right signatures'], () => ended);
});

describe('defects of the stock Python SDK, and how they are avoided', { skip: skipUnless('python-azure') }, () => {
  let ended: Ended;
  before(async () => {
    const client = join(import.meta.dirname, 'clients/defects.py');
    ended = await runIn({ cwd: product.data, env: { ...env, PYTHONDONTWRITEBYTECODE: '1' } }, PYTHON, client);
  });
  testChecks(
    [
      'wrap_key with A256KW uses random bytes of its own, which are lost',
      'with the operations of its copy emptied it asks the service',
      'A256GCM goes to the service',
    ],
    () => ended,
  );
});

describe('defects of az', { skip: skipUnless('az') }, () => {
  const az = (line: string, ...values: readonly string[]): Promise<Ended> =>
    runIn({ cwd: product.data, env }, 'az', ...line.split(' '), ...values);
  const key = '--hsm-name dev --name az-defect';
  before(async () => {
    const { AZURE_CLIENT_ID: id = '', AZURE_CLIENT_SECRET: secret = '', AZURE_TENANT_ID: tenant = '' } = env;
    const login = await az('login --service-principal -u', id, '-p', secret, '--tenant', tenant);
    assert.equal(login.code, 0, login.stderr);
  });

  test('key restore from storage calls what its SDK does not have', async () => {
    const storage = '--storage-resource-uri https://backups.blob.core.windows.net/hsm --backup-folder one';
    const { code, stderr } = await az(`keyvault key restore ${key} ${storage} --storage-container-SAS-token x`);
    assert.notEqual(code, 0);
    assert.match(stderr, /has no attribute 'begin_selective_restore'/);
  });

  test('key encrypt with A256CBCPAD uses a key of its own, which is lost', async () => {
    const made = await az(`keyvault key create ${key} --kty oct-HSM --size 256`);
    assert.equal(made.code, 0, made.stderr);
    const iv = '000102030405060708090a0b0c0d0e0f';
    const line = `keyvault key encrypt ${key} --algorithm A256CBCPAD --value aGVsbG8= --iv ${iv} --output json`;
    const [one, other] = await Promise.all([az(line), az(line)]);
    const results = [one, other].map(({ code, stdout, stderr }) => {
      assert.equal(code, 0, stderr);
      return (JSON.parse(stdout) as { result: string }).result;
    });
    // With the same key, data and iv they would be the same.
    assert.notEqual(results[0], results[1]);
  });
});
