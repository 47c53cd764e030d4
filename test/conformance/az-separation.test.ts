// Separated duties with the stock command line: alice asks, bob approves, alice repeats the same command; reasons come from
// the environment. The stock SDKs read what az cannot show.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { readDevClients } from '../../src/deployment/dev-clients.ts';
import { CHECKOUT, type RunningProduct, startProduct } from '../support/running-product.ts';
import { skipUnless } from '../system-programs.ts';
import { type Ended, runIn } from './run-in.ts';
import { separateDuties } from './separate-duties.ts';

type Environment = Readonly<Record<string, string>>;

const CAROL = '11111111-2222-3333-4444-555555555555';
const POLICY = 'Managed HSM Policy Administrator';

describe('separated duties with az, unconfigured', { skip: skipUnless('az') }, () => {
  let product: RunningProduct;
  let alice: Environment;
  let bob: Environment;
  let bobId: string;
  const folders: string[] = [];
  before(async () => {
    product = await startProduct();
    const env = await product.environment();
    const { AZURE_CLIENT_ID: id = '', AZURE_CLIENT_SECRET: secret = '', AZURE_TENANT_ID: tenant = '' } = env;
    await done(az(env, 'login --service-principal -u', id, '-p', secret, '--tenant', tenant));
    const { users } = readDevClients(product.data);
    bobId = users.bob.oid;
    for (const { oid } of [users.alice, users.bob]) {
      const to = `--assignee-object-id ${oid} --assignee-principal-type User --scope /`;
      await done(az(env, `keyvault role assignment create --hsm-name dev ${to} --role`, 'Managed HSM Administrator'));
    }
    await separateDuties((line, ...values) => strongroom(env, line, ...values));
    const signedIn = async (user: { readonly upn: string; readonly password: string }): Promise<Environment> => {
      const folder = await mkdtemp(join(tmpdir(), 'strongroom-az-'));
      folders.push(folder);
      const own = { ...env, AZURE_CONFIG_DIR: folder };
      await done(az(own, 'login --allow-no-subscriptions -u', user.upn, '-p', user.password));
      return own;
    };
    alice = await signedIn(users.alice);
    bob = await signedIn(users.bob);
  });
  after(async () => {
    await product[Symbol.asyncDispose]();
    for (const folder of folders) await rm(folder, { recursive: true, force: true });
  });

  const az = (env: Environment, line: string, ...values: readonly string[]): Promise<Ended> =>
    runIn({ cwd: product.data, env }, 'az', ...line.split(' '), ...values);
  const strongroom = (env: Environment, line: string, ...values: readonly string[]): Promise<Ended> =>
    runIn(
      { cwd: product.data, env: { ...env, STRONGROOM_DATA: product.data } },
      join(CHECKOUT, 'strongroom'),
      ...line.split(' '),
      ...values,
    );
  const create = (env: Environment, assignee: string, role: string): Promise<Ended> => {
    const to = `--assignee-object-id ${assignee} --assignee-principal-type User --scope /keys`;
    return az(env, `keyvault role assignment create --hsm-name dev ${to} --output json --role`, role);
  };
  /** What `eval "$(strongroom reason …)"` does to an environment. */
  const saying = async (env: Environment, ...words: readonly string[]): Promise<Environment> => {
    const line = await done(strongroom(env, 'reason', ...words));
    const [, name = '', value = ''] = /^export (\w+)='([^']*)'\n$/.exec(line) ?? [];
    return { ...env, [name]: value };
  };
  const asked = ({ code, stderr }: Ended): string => {
    assert.notEqual(code, 0);
    const [, command = ''] =
      /Another administrator runs: \.\/strongroom (approval approve \S+) --reason/.exec(stderr) ?? [];
    assert.notEqual(command, '', stderr);
    return command;
  };

  test('an administrative role: alice asks, bob approves, and the same command succeeds once', async () => {
    const approve = asked(await create(alice, CAROL, POLICY));
    const own = await strongroom(alice, `${approve} --as az --reason`, 'I say so');
    assert.notEqual(own.code, 0);
    assert.match(own.stderr, /Who asked for an approval cannot give it/);
    const listed = await done(strongroom(bob, 'approval list --as az'));
    assert.match(listed, /Assign the role "Managed HSM Policy Administrator" .* at \/keys/);
    assert.match(listed, /alice@/);
    await done(strongroom(bob, `${approve} --as az --reason`, 'agreed on the phone'));
    const made = JSON.parse(await done(create(alice, CAROL, POLICY))) as {
      readonly name: string;
      readonly principalId: string;
    };
    assert.equal(made.principalId, CAROL);
    await done(az(bob, `keyvault role assignment delete --hsm-name dev --scope /keys --name ${made.name}`));
    assert.notEqual(asked(await create(alice, CAROL, POLICY)), approve);
  });

  test('a definition: az makes up another name at each try, and the approval still fits', async () => {
    const file = join(product.data, 'role.json');
    const dataActions = ['Microsoft.KeyVault/managedHsm/keys/sign/action'];
    await writeFile(file, JSON.stringify({ roleName: 'Signers', description: 'sign', dataActions }));
    const define = (): Promise<Ended> =>
      az(alice, `keyvault role definition create --hsm-name dev --role-definition ${file} --output json`);
    const approve = asked(await define());
    await done(strongroom(bob, `${approve} --as bob --reason`, 'reviewed'));
    const made = JSON.parse(await done(define())) as { readonly roleName: string };
    assert.equal(made.roleName, 'Signers');
  });

  test('a grant without a reason is refused with the way out, and made with the reason of the environment', async () => {
    const bare = await create(alice, CAROL, 'Managed HSM Crypto User');
    assert.notEqual(bare.code, 0);
    assert.match(bare.stderr, /strongroom reason/);
    const env = await saying(alice, 'on call, ticket 7', '--expires', 'P7D');
    await done(create(env, CAROL, 'Managed HSM Crypto User'));
    const log = await done(strongroom(alice, 'audit show --json --operation RoleAssignmentCreate'));
    assert.match(log, /Reason: on call, ticket 7/);
    const listed = await done(az(bob, 'keyvault role assignment list --hsm-name dev --scope /keys --output json'));
    assert.ok((JSON.parse(listed) as { principalId: string }[]).some(({ principalId }) => principalId === CAROL));
    const self = await create(env, bobId, 'Managed HSM Crypto User');
    assert.equal(self.code, 0, self.stderr);
    const own = await create(
      { ...env, AZURE_CONFIG_DIR: bob['AZURE_CONFIG_DIR'] ?? '' },
      bobId,
      'Managed HSM Crypto User',
    );
    assert.notEqual(own.code, 0);
  });
});

async function done(ending: Promise<Ended>): Promise<string> {
  const { code, stdout, stderr } = await ending;
  assert.equal(code, 0, stderr);
  return stdout;
}
