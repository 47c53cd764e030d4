// Roles with the stock command line: an operator makes a definition, changes it, assigns it and takes all of it back; and
// settings.
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type RunningProduct, startProduct } from '../support/running-product.ts';
import { skipUnless } from '../system-programs.ts';
import { azureCli } from './azure-cli.ts';
import { type Ended, runIn } from './run-in.ts';

type Json = Record<string, never> & { readonly [name: string]: Json } & readonly Json[] & string;

const BOB = '11111111-2222-3333-4444-555555555555';
const action = (name: string): string => `Microsoft.KeyVault/managedHsm/keys/${name}/action`;

describe('roles with az, unconfigured', { skip: skipUnless('az') }, () => {
  let product: RunningProduct;
  let env: Readonly<Record<string, string>>;
  let definition: string;
  before(async () => {
    product = await startProduct();
    env = await product.environment();
    const { AZURE_CLIENT_ID: id = '', AZURE_CLIENT_SECRET: secret = '', AZURE_TENANT_ID: tenant = '' } = env;
    const login = await az('login --service-principal -u', id, '-p', secret, '--tenant', tenant);
    assert.equal(login.code, 0, login.stderr);
  });
  after(() => product[Symbol.asyncDispose]());

  const az = (line: string, ...values: readonly string[]): Promise<Ended> =>
    runIn({ cwd: product.data, env }, 'az', ...line.split(' '), ...values);
  const json = async (line: string, ...values: readonly string[]): Promise<Json> => {
    const { code, stdout, stderr } = await az(line, ...values, '--output', 'json');
    assert.equal(code, 0, `az ${line}: ${stderr}`);
    return JSON.parse(stdout === '' ? 'null' : stdout) as Json;
  };
  const actionsOf = (shown: Json): unknown => shown['permissions']?.[0]?.['dataActions'];

  test('a definition is created from a file, shown and updated', async () => {
    const file = join(product.data, 'role.json');
    const role = { roleName: 'Signers', description: 'sign', dataActions: [action('sign')] };
    await writeFile(file, JSON.stringify(role));
    const made = await json(`keyvault role definition create --hsm-name dev --role-definition ${file}`);
    definition = made['name'] ?? '';
    assert.match(definition, /^[0-9a-f-]{36}$/);
    const shown = await json(`keyvault role definition show --hsm-name dev --name ${definition}`);
    assert.deepEqual(
      [shown['roleName'], shown['roleType'], actionsOf(shown)],
      ['Signers', 'CustomRole', role.dataActions],
    );
    const more = { ...role, name: definition, dataActions: [action('sign'), action('verify')] };
    await writeFile(file, JSON.stringify(more));
    await json(`keyvault role definition update --hsm-name dev --role-definition ${file}`);
    const again = await json(`keyvault role definition show --hsm-name dev --name ${definition}`);
    assert.deepEqual(actionsOf(again), more.dataActions);
    const custom = await json('keyvault role definition list --hsm-name dev --custom-role-only');
    assert.deepEqual(
      custom.map((each) => each['name']),
      [definition],
    );
  });

  test('an assignment of it is created, listed and deleted', async () => {
    const to = `--assignee-object-id ${BOB} --assignee-principal-type User --scope /keys`;
    const made = await json(`keyvault role assignment create --hsm-name dev ${to} --role Signers`);
    const list = `keyvault role assignment list --hsm-name dev --scope /keys`;
    assert.deepEqual(
      (await json(list)).map((each) => [each['name'], each['principalId']]),
      [[made['name'], BOB]],
    );
    const removed = await az(`keyvault role assignment delete --hsm-name dev --scope /keys --name ${made['name']}`);
    assert.equal(removed.code, 0, removed.stderr);
    assert.deepEqual(await json(list), []);
  });

  test('all that somebody was given is taken away without naming a scope, whatever scope it was given at', async () => {
    const to = `--assignee-object-id ${BOB} --assignee-principal-type User`;
    const list = `keyvault role assignment list --hsm-name dev --assignee-object-id ${BOB}`;
    for (const scope of ['/', '/keys', '/keys/tde']) {
      await json(`keyvault role assignment create --hsm-name dev ${to} --scope ${scope} --role Signers`);
    }
    const scopes = (await json(list)).map((each) => String(each['scope']));
    assert.deepEqual(new Set(scopes), new Set(['/', '/keys', '/keys/tde']));
    assert.equal(scopes.length, 3);
    const twice = await az(`keyvault role assignment create --hsm-name dev ${to} --scope /keys --role Signers`);
    assert.notEqual(twice.code, 0);
    assert.match(twice.stderr, /MatchingRoleAssignmentExists/);
    const removed = await az(`keyvault role assignment delete --hsm-name dev --assignee-object-id ${BOB}`);
    assert.equal(removed.code, 0, removed.stderr);
    assert.deepEqual(await json(list), []);
    assert.deepEqual(await json(`${list} --scope /keys`), []);
  });

  test('who has the role Strongroom Auditor reads the log, by az rest, and does nothing else', async () => {
    const role = 'Strongroom Auditor';
    const listed = await json('keyvault role definition list --hsm-name dev');
    assert.ok(listed.some((each) => each['roleName'] === role));
    const { STRONGROOM_OWNER_CLIENT_ID: id = '', STRONGROOM_OWNER_CLIENT_SECRET: secret = '' } = env;
    const { id: owner } = (await json(`ad sp show --id ${id}`)) as { readonly id?: string };
    await json(
      'keyvault role assignment create --hsm-name dev --scope /',
      '--assignee-object-id',
      owner ?? '',
      '--role',
      role,
    );
    await using auditor = await azureCli({ ...env, AZURE_CONFIG_DIR: join(product.data, 'auditor') });
    await auditor.json(
      ...['login', '--service-principal', '--tenant', env['AZURE_TENANT_ID'] ?? '', '-u', id, '-p', secret],
    );
    for (const line of [
      'keyvault key list --hsm-name dev',
      'keyvault key random --hsm-name dev --count 4',
      'keyvault setting list --hsm-name dev',
      'keyvault role assignment list --hsm-name dev',
    ]) {
      assert.match((await auditor.run(...line.split(' '))).stderr, /AccessDenied/, line);
    }
    const url = `${env['AZURE_MANAGEDHSM_URI']}/strongroom/v1/audit?api-version=7.6&text=${owner}`;
    const rest = `rest --method get --resource https://managedhsm.azure.net --url ${url}`.split(' ');
    const { value } = (await auditor.json(...rest)) as { readonly value: readonly Json[] };
    const [made] = value.filter(({ operationName }) => operationName === 'RoleAssignmentCreate');
    assert.equal(made?.['properties']?.['detail']?.['roleName'], role);
    assert.match((await az(rest.join(' '))).stderr, /AccessDenied/);
  });

  test('settings: the boolean ones are listed, the others are shown and changed by name', async () => {
    const listed = await json('keyvault setting list --hsm-name dev');
    assert.ok(listed.length > 0 && listed.every((each) => ['true', 'false'].includes(String(each['value']))));
    const one = '--hsm-name dev --name StrongroomMaxKeys';
    await json(`keyvault setting update ${one} --value 77`);
    assert.equal((await json(`keyvault setting show ${one}`))['value'], '77');
    const unknown = await az('keyvault setting show --hsm-name dev --name NoSuchSetting');
    assert.match(unknown.stderr, /InvalidSetting/);
  });

  test('the definition is deleted, and is no more', async () => {
    const one = `--hsm-name dev --name ${definition}`;
    const removed = await az(`keyvault role definition delete ${one}`);
    assert.equal(removed.code, 0, removed.stderr);
    assert.notEqual((await az(`keyvault role definition show ${one}`)).code, 0);
    assert.deepEqual(await json('keyvault role definition list --hsm-name dev --custom-role-only'), []);
  });
});
