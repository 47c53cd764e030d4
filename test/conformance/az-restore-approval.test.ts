// A full restore with the stock command line where duties are separated: alice asks, bob approves, and alice repeats the same
// command with another SAS token.
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { places } from '../../src/deployment/data-layout.ts';
import { readDevClients } from '../../src/deployment/dev-clients.ts';
import { type Azurite, startAzurite } from '../support/azurite.ts';
import { makeLoopbackCertificate } from '../support/loopback-certificate.ts';
import { CHECKOUT, type RunningProduct, startProduct } from '../support/running-product.ts';
import { skipUnless } from '../system-programs.ts';
import { type Ended, runIn } from './run-in.ts';
import { separateDuties } from './separate-duties.ts';

type Environment = Readonly<Record<string, string>>;

const ACCOUNT = 'strongroomtest';
const CONTAINER = 'backups';

describe('a full restore with az where duties are separated', { skip: skipUnless('az') }, () => {
  let folder: string;
  let azurite: Azurite;
  let product: RunningProduct;
  let alice: Environment;
  let place: readonly string[];
  let backup: string;

  const az = (env: Environment, line: string, ...values: readonly string[]): Promise<Ended> =>
    runIn({ cwd: folder, env }, 'az', ...line.split(' '), ...values, '--output', 'json');
  const strongroom = (line: string, ...values: readonly string[]): Promise<Ended> =>
    runIn(
      { cwd: folder, env: { ...alice, STRONGROOM_DATA: product.data } },
      join(CHECKOUT, 'strongroom'),
      ...line.split(' '),
      ...values,
    );
  /** A token of its own each time. */
  const sas = (minutes: number): readonly string[] => [
    '--storage-container-SAS-token',
    azurite.sas(CONTAINER, { expiresOn: new Date(Date.now() + minutes * 60_000) }),
  ];
  const restore = (minutes: number): Promise<Ended> =>
    az(alice, 'keyvault restore start --hsm-name dev', ...place, ...sas(minutes), '--backup-folder', backup);
  const keys = async (): Promise<string> => done(az(alice, 'keyvault key list --hsm-name dev --query [].name'));

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'strongroom-agreed-'));
    const tls = await makeLoopbackCertificate(folder, `${ACCOUNT}.blob.localhost`);
    azurite = await startAzurite({ folder, tls, account: ACCOUNT });
    await azurite.makeContainer(CONTAINER);
    place = ['--storage-resource-uri', azurite.cloudUri(CONTAINER)];
    const data = join(folder, 'data');
    {
      // What an operator does: makes the instance, names the place in its configuration, starts again.
      await using first = await startProduct({ data });
      await first.stop();
    }
    const path = places(data).instance('dev').config;
    const config = JSON.parse(await readFile(path, 'utf8')) as object;
    const target = { uri: azurite.cloudUri(CONTAINER), caFile: tls.caFile, addresses: ['127.0.0.1'] };
    await writeFile(path, JSON.stringify({ ...config, backupTargets: [target] }));
    product = await startProduct({ data });
    const env = await product.environment();
    const { AZURE_CLIENT_ID: id = '', AZURE_CLIENT_SECRET: secret = '', AZURE_TENANT_ID: tenant = '' } = env;
    await done(az(env, 'login --service-principal -u', id, '-p', secret, '--tenant', tenant));
    const { users } = readDevClients(data);
    for (const { oid } of [users.alice, users.bob]) {
      const to = `--assignee-object-id ${oid} --assignee-principal-type User --scope /`;
      for (const role of ['Managed HSM Administrator', 'Managed HSM Crypto User']) {
        await done(az(env, `keyvault role assignment create --hsm-name dev ${to} --role`, role));
      }
    }
    alice = { ...env, AZURE_CONFIG_DIR: join(folder, 'alice') };
    await done(az(alice, 'login --allow-no-subscriptions -u', users.alice.upn, '-p', users.alice.password));
    await done(az(env, 'keyvault key create --hsm-name dev --kty EC-HSM --name kept'));
    const made = await done(az(alice, 'keyvault backup start --hsm-name dev', ...place, ...sas(60)));
    backup = (JSON.parse(made) as { folderUrl: string }).folderUrl.split('/').at(-1) ?? '';
    await done(az(env, 'keyvault key create --hsm-name dev --kty EC-HSM --name later'));
    await done(strongroom('clock advance 31m'));
    await separateDuties(strongroom);
  });
  after(async () => {
    await product[Symbol.asyncDispose]();
    await azurite[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  test('alice is told what bob has to run, and her command succeeds once', async () => {
    const { code, stderr } = await restore(60);
    assert.notEqual(code, 0);
    const [, approve = ''] =
      /Another administrator runs: \.\/strongroom (approval approve \S+) --reason/.exec(stderr) ?? [];
    assert.notEqual(approve, '', stderr);
    assert.match(await keys(), /later/, 'nothing has happened yet');
    const listed = await done(strongroom('approval list --as bob'));
    assert.ok(
      listed.includes(`the backup of 'dev' of `) && listed.includes(`${azurite.cloudUri(CONTAINER)}/${backup}`),
    );
    assert.match(listed, /alice@/);
    const shown = await done(strongroom(`${approve.replace('approve', 'show')} --as bob`));
    assert.doesNotMatch(shown, /sig=/);
    await done(strongroom(`${approve} --as bob --reason`, 'agreed on the phone'));
    await done(restore(61));
    const after = await keys();
    assert.ok(after.includes('kept') && !after.includes('later'), after);
    const again = await restore(62);
    assert.match(again.stderr, /approval approve/);
    assert.ok(!again.stderr.includes(approve));
  });
});

async function done(ending: Promise<Ended>): Promise<string> {
  const { code, stdout, stderr } = await ending;
  assert.equal(code, 0, stderr);
  return stdout;
}
