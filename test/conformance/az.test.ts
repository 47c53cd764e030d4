// The stock command line does the main job, in a shell that evaluated `strongroom env` and knows nothing else: from a
// login to an activated HSM, its roles and its keys. The commands are those an operator types.
import assert from 'node:assert/strict';
import { createHash, createPublicKey, verify } from 'node:crypto';
import { copyFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { CHECKOUT, cleanEnvironment, type RunningProduct, startProduct } from '../support/running-product.ts';
import { skipUnless } from '../system-programs.ts';
import { type Ended, runIn } from './run-in.ts';

type Json = Record<string, never> & { readonly [name: string]: Json } & readonly Json[] & string;

const HSM = 'fin-prod-mhsm';
const BOB = '11111111-2222-3333-4444-555555555555';
const STRANGER = '22222222-2222-3333-4444-555555555555';
const ENCRYPTION_USER = '33413926-3206-4cdd-b39a-83574fe37a17';
const RSA_SIZES = [2048, 3072, 4096];
const CURVES = ['P-256', 'P-256K', 'P-384', 'P-521'];
const OCT_SIZES = [128, 192, 256];

describe('az, unconfigured', { skip: skipUnless('az', 'openssl') }, () => {
  let product: RunningProduct;
  let folder: string;
  let environment: Readonly<Record<string, string>>;
  let administrator: string;

  before(async () => {
    product = await startProduct();
    folder = await mkdtemp(join(tmpdir(), 'strongroom-az-'));
    environment = await product.environment();
  });
  after(async () => {
    await product[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  const az = (line: string, ...values: readonly string[]): Promise<Ended> => azIn(environment, line, ...values);
  const azIn = (env: Readonly<Record<string, string>>, line: string, ...values: readonly string[]): Promise<Ended> =>
    runIn({ cwd: folder, env }, 'az', ...line.split(' '), ...values);
  const json = (line: string, ...values: readonly string[]): Promise<Json> => jsonIn(environment, line, ...values);
  const jsonIn = async (env: Readonly<Record<string, string>>, line: string, ...values: string[]): Promise<Json> => {
    const { code, stdout, stderr } = await azIn(env, line, ...values, '--output', 'json');
    assert.equal(code, 0, `az ${line}: ${stderr}`);
    return JSON.parse(stdout) as Json;
  };
  /** A folder of its own for logins other than the administrator's. */
  const apart = (name: string): Readonly<Record<string, string>> => ({
    ...environment,
    AZURE_CONFIG_DIR: join(folder, name),
  });
  const login = (env: Readonly<Record<string, string>>, id = 'AZURE_CLIENT_ID', secret = 'AZURE_CLIENT_SECRET') =>
    azIn(
      env,
      'login --service-principal --output json',
      ...['-u', env[id] ?? '', '-p', env[secret] ?? '', '--tenant', env['AZURE_TENANT_ID'] ?? ''],
    );

  test('logs in as the service principal of the environment', async () => {
    const { code, stdout, stderr } = await login(environment);
    assert.equal(code, 0, stderr);
    const [account] = JSON.parse(stdout) as Json;
    assert.equal(account?.['tenantId'], product.state.tenantId);
    assert.equal(account?.['cloudName'], 'AzureCloud');
    assert.equal(account?.['user']?.['name'], environment['AZURE_CLIENT_ID']);
    administrator = (await json(`ad sp show --id ${environment['AZURE_CLIENT_ID']}`))['id'] ?? '';
    assert.match(administrator, /^[0-9a-f-]{36}$/);
  });

  test('is told when the secret is wrong', async () => {
    const wrong = await login({ ...apart('wrong'), AZURE_CLIENT_SECRET: 'not-it' });
    assert.notEqual(wrong.code, 0);
    assert.match(wrong.stderr, /AADSTS7000215/);
    assert.doesNotMatch(wrong.stderr, /Traceback/);
  });

  test('creates the HSM with two administrators; nothing but its activation works then', async () => {
    await json('group create -n rg-keys-prod -l eastus2');
    const made = await json(
      `keyvault create --hsm-name ${HSM} --resource-group rg-keys-prod --location eastus2`,
      ...['--administrators', administrator, BOB, '--retention-days', '90'],
    );
    assert.equal(made['name'], HSM);
    assert.equal(made['location'], 'eastus2');
    assert.equal(made['properties']?.['hsmUri'], `https://${HSM}.managedhsm.azure.net/`);
    assert.equal(made['properties']?.['provisioningState'], 'Succeeded');
    assert.equal(made['properties']?.['softDeleteRetentionInDays'], 90);
    assert.deepEqual(made['properties']?.['initialAdminObjectIds'], [administrator, BOB]);
    const shown = await json(`keyvault show --hsm-name ${HSM}`);
    assert.equal(shown['properties']?.['securityDomainProperties']?.['activationStatus'], 'NotActivated');
    const early = await az(`keyvault key create --hsm-name ${HSM} -n early --kty RSA-HSM`);
    assert.equal(early.code, 1);
    assert.match(early.stderr, /not activated/);
  });

  test('downloads the security domain, which opens with any two of the three keys and with no one alone', async () => {
    for (const holder of [1, 2, 3]) {
      const made = await runIn(
        { cwd: folder, env: cleanEnvironment() },
        'openssl',
        ...`req -newkey rsa:2048 -nodes -keyout cert${holder}.key -x509 -days 30 -out cert${holder}.pem`.split(' '),
        ...['-subj', `/CN=custodian ${holder}`],
      );
      assert.equal(made.code, 0, made.stderr);
      // The custodian's tool looks for the certificate beside the key.
      await copyFile(join(folder, `cert${holder}.key`), join(folder, `custodian${holder}.pem`));
      await copyFile(join(folder, `cert${holder}.pem`), join(folder, `custodian${holder}.cer`));
    }
    const file = `${HSM}-sd.json`;
    const downloaded = await az(
      `keyvault security-domain download --hsm-name ${HSM} --sd-wrapping-keys cert1.pem cert2.pem cert3.pem`,
      ...['--sd-quorum', '2', '--security-domain-file', file],
    );
    assert.equal(downloaded.code, 0, downloaded.stderr);
    const domain = JSON.parse(await readFile(join(folder, file), 'utf8')) as Json;
    assert.equal(domain['version'], 2);
    assert.equal(domain['SharedKeys']?.['required'], 2);
    assert.equal([...(domain['SharedKeys']?.['enc_shares'] ?? [])].length, 3);
    const open = (...holders: number[]): Promise<Ended> =>
      runIn(
        { cwd: folder, env: cleanEnvironment() },
        join(CHECKOUT, 'strongroom'),
        ...['custodian', 'open', file, '--json', ...holders.flatMap((holder) => ['--key', `custodian${holder}.pem`])],
      );
    for (const pair of [
      [1, 2],
      [3, 1],
    ]) {
      const opened = await open(...pair);
      assert.equal(opened.code, 0, opened.stderr);
      const summary = JSON.parse(opened.stdout) as Json;
      assert.equal(summary['instanceName'], HSM);
      assert.equal(summary['required'], 2);
      assert.equal(summary['custodians'], 3);
    }
    assert.equal((await open(2)).code, 1);
    const active = await json(`keyvault show --hsm-name ${HSM}`);
    assert.equal(active['properties']?.['securityDomainProperties']?.['activationStatus'], 'Active');
  });

  test('an administrator holds no right to a key until he has given it to himself', async () => {
    const refused = await az(`keyvault key create --hsm-name ${HSM} -n early --kty RSA-HSM`);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /AccessDenied|Forbidden/);
    const made = await json(
      `keyvault role assignment create --hsm-name ${HSM} --assignee ${administrator} --scope / --role`,
      'Managed HSM Crypto User',
    );
    assert.equal(made['principalId'], administrator);
    assert.equal(made['scope'], '/');
    assert.equal(made['roleName'], 'Managed HSM Crypto User');
  });

  test('creates keys of every type, size and curve', async () => {
    await twoAtATime([
      ...RSA_SIZES.map((size) => async () => {
        const { key } = await json(`keyvault key create --hsm-name ${HSM} -n rsa${size} --kty RSA-HSM --size ${size}`);
        const kid = new RegExp(`^https://${HSM}.managedhsm.azure.net/keys/rsa${size}/[0-9a-f]{32}$`);
        assert.match(key?.['kid'] ?? '', kid);
        assert.equal(key?.['kty'], 'RSA-HSM');
        assert.equal(bytesOf(key?.['n']).length, size / 8);
      }),
      ...CURVES.map((curve) => async () => {
        const { key } = await json(
          `keyvault key create --hsm-name ${HSM} -n ec-${curve} --kty EC-HSM --curve ${curve}`,
        );
        assert.equal(key?.['kty'], 'EC-HSM');
        assert.equal(key?.['crv'], curve);
        assert.deepEqual(new Set(key?.['keyOps']), new Set(['sign', 'verify', 'deriveKey']));
      }),
      ...OCT_SIZES.map((size) => async () => {
        const { key } = await json(`keyvault key create --hsm-name ${HSM} -n oct${size} --kty oct-HSM --size ${size}`);
        assert.equal(key?.['kty'], 'oct-HSM');
        assert.equal(key?.['k'] ?? null, null);
      }),
      async () => {
        const { key } = await json(
          `keyvault key create --hsm-name ${HSM} -n tde-root-key --kty RSA-HSM --size 3072 --ops wrapKey unwrapKey`,
        );
        assert.deepEqual(new Set(key?.['keyOps']), new Set(['wrapKey', 'unwrapKey']));
      },
    ]);
  });

  test('gives a service the right to wrap with one key, and lists who may', async () => {
    const made = await json(
      `keyvault role assignment create --hsm-name ${HSM} --assignee ${STRANGER} --scope /keys/tde-root-key --role`,
      'Managed HSM Crypto Service Encryption User',
    );
    assert.equal(made['scope'], '/keys/tde-root-key');
    assert.match(made['roleDefinitionId'] ?? '', new RegExp(`${ENCRYPTION_USER}$`));
    const listed = await json(`keyvault role assignment list --hsm-name ${HSM} --scope /keys/tde-root-key`);
    assert.deepEqual(
      listed.map((assignment) => assignment['name']),
      [made['name']],
    );
    const everywhere = await json(`keyvault role assignment list --hsm-name ${HSM} --scope /`);
    assert.deepEqual(
      everywhere.map(({ roleName, principalId }) => `${String(roleName)} ${String(principalId)}`).sort(),
      [
        `Managed HSM Administrator ${BOB}`,
        `Managed HSM Administrator ${administrator}`,
        `Managed HSM Crypto User ${administrator}`,
      ].sort(),
    );
    const definitions = await json(`keyvault role definition list --hsm-name ${HSM}`);
    const encryptionUser = definitions.find(({ name }) => String(name) === ENCRYPTION_USER);
    assert.equal(encryptionUser?.['roleName'], 'Managed HSM Crypto Service Encryption User');
    assert.deepEqual(
      new Set(encryptionUser?.['permissions']?.[0]?.['dataActions']),
      new Set(['read', 'wrap', 'unwrap'].map((action) => `Microsoft.KeyVault/managedHsm/keys/${action}/action`)),
    );
  });

  test('shows, lists and changes keys', async () => {
    const listed = await json(`keyvault key list --hsm-name ${HSM}`);
    assert.deepEqual(
      listed.map(({ name }) => String(name)).sort(),
      [
        ...RSA_SIZES.map((size) => `rsa${size}`),
        ...CURVES.map((curve) => `ec-${curve}`),
        ...OCT_SIZES.map((size) => `oct${size}`),
        'tde-root-key',
      ].sort(),
    );
    const first = await json(`keyvault key show --hsm-name ${HSM} -n oct256`);
    const second = await json(`keyvault key create --hsm-name ${HSM} -n oct256 --kty oct-HSM --size 256`);
    const versions = await json(`keyvault key list-versions --hsm-name ${HSM} -n oct256`);
    assert.deepEqual(
      new Set(versions.map(({ kid }) => String(kid))),
      new Set([first, second].map((bundle) => String(bundle['key']?.['kid']))),
    );
    const changed = await json(
      `keyvault key set-attributes --hsm-name ${HSM} -n oct256 --enabled true --tags a=b --expires 2100-01-01T00:00:00Z`,
    );
    assert.deepEqual(changed['tags'], { a: 'b' });
    const shown = await json(`keyvault key show --id ${String(second['key']?.['kid'])}`);
    assert.deepEqual(shown['tags'], { a: 'b' });
    assert.equal(Date.parse(String(shown['attributes']?.['expires'])), Date.UTC(2100, 0, 1));
    const missing = await az(`keyvault key show --hsm-name ${HSM} -n no-such-key`);
    assert.equal(missing.code, 3);
    assert.match(missing.stderr, /KeyNotFound/);
  });

  test('signs; the signature holds under the public key', async () => {
    const digest = createHash('sha256').update('hello').digest('base64');
    const signed = await json(`keyvault key sign --hsm-name ${HSM} -n ec-P-256 -a ES256 --digest ${digest}`);
    const { key } = await json(`keyvault key show --hsm-name ${HSM} -n ec-P-256`);
    const publicKey = createPublicKey({
      format: 'jwk',
      key: {
        kty: 'EC',
        crv: 'P-256',
        x: bytesOf(key?.['x']).toString('base64url'),
        y: bytesOf(key?.['y']).toString('base64url'),
      },
    });
    const signature = Buffer.from(signed['signature'] ?? '', 'base64');
    assert.equal(signature.length, 64);
    assert.ok(verify('sha256', Buffer.from('hello'), { key: publicKey, dsaEncoding: 'ieee-p1363' }, signature));
    const verified = await json(
      `keyvault key verify --hsm-name ${HSM} -n ec-P-256 -a ES256 --digest ${digest} --signature`,
      signed['signature'] ?? '',
    );
    assert.equal(verified['isValid'], true);
  });

  test('encrypts and decrypts with AES-GCM', async () => {
    const value = Buffer.from('hello').toString('base64');
    const key = `--hsm-name ${HSM} -n oct256 -a A256GCM --data-type base64`;
    const sealed = await json(`keyvault key encrypt ${key} --value ${value} --aad 00ff`);
    const { result, iv, tag } = sealed;
    const opened = await json(`keyvault key decrypt ${key} --value ${result} --iv ${iv} --tag ${tag} --aad 00ff`);
    assert.equal(opened['result'], value);
    const forged = await az(`keyvault key decrypt ${key} --value ${result} --iv ${iv} --tag ${tag} --aad 00fe`);
    assert.equal(forged.code, 1);
    assert.match(forged.stderr, /BadParameter/);
  });

  test('the owner of the subscription sees the resource, and may use, show or list no key', async () => {
    const env = apart('owner');
    const owner = await login(env, 'STRONGROOM_OWNER_CLIENT_ID', 'STRONGROOM_OWNER_CLIENT_SECRET');
    assert.equal(owner.code, 0, owner.stderr);
    const shown = await jsonIn(env, `keyvault show --hsm-name ${HSM}`);
    assert.equal(shown['properties']?.['provisioningState'], 'Succeeded');
    const digest = createHash('sha256').update('x').digest('base64');
    const lines = [
      `key list --hsm-name ${HSM}`,
      `key show --hsm-name ${HSM} -n rsa2048`,
      `key list-versions --hsm-name ${HSM} -n rsa2048`,
      `key create --hsm-name ${HSM} -n mine --kty RSA-HSM`,
      `key set-attributes --hsm-name ${HSM} -n rsa2048 --enabled false`,
      `key sign --hsm-name ${HSM} -n rsa2048 -a RS256 --digest ${digest}`,
      `role assignment list --hsm-name ${HSM}`,
      `role definition list --hsm-name ${HSM}`,
    ];
    await twoAtATime(
      lines.map((line) => async () => {
        const refused = await azIn(env, `keyvault ${line}`);
        assert.equal(refused.code, 1, line);
        assert.match(refused.stderr, /AccessDenied|Forbidden/, line);
      }),
    );
  });

  test('under *.localhost names, told of the cloud by the lines of the environment', async () => {
    const env = await product.environment('local');
    const cloud = await jsonIn(env, 'cloud show');
    assert.equal(cloud['suffixes']?.['mhsmDns'], `.managedhsm.localhost:${product.state.port}`);
    const loggedIn = await login(env);
    assert.equal(loggedIn.code, 0, loggedIn.stderr);
    const shown = await jsonIn(env, `keyvault show --hsm-name ${HSM}`);
    const origin = `https://${HSM}.managedhsm.localhost:${product.state.port}`;
    assert.equal(shown['properties']?.['hsmUri'], `${origin}/`);
    const listed = await jsonIn(env, `keyvault key list --hsm-name ${HSM}`);
    assert.ok(listed.some(({ kid }) => String(kid) === `${origin}/keys/rsa2048`));
    const { key } = await jsonIn(env, `keyvault key create --hsm-name ${HSM} -n local1 --kty EC-HSM`);
    assert.ok(String(key?.['kid']).startsWith(`${origin}/keys/local1/`));
    const again = await jsonIn(env, `keyvault key show --id ${String(key?.['kid'])}`);
    assert.equal(again['key']?.['kid'], key?.['kid']);
    // A second evaluation in another shell finds the cloud there.
    assert.equal((await product.environment('local'))['AZURE_CONFIG_DIR'], env['AZURE_CONFIG_DIR']);
  });

  test('no secret of a client was logged', () => {
    const { output } = product;
    for (const name of ['AZURE_CLIENT_SECRET', 'STRONGROOM_OWNER_CLIENT_SECRET']) {
      assert.ok(!output.includes(environment[name] ?? ''), name);
    }
    assert.doesNotMatch(output, /eyJ[\w-]+\.eyJ/);
  });
});

/** Each starts an interpreter, so more at once would only wait for each other. */
async function twoAtATime(tasks: readonly (() => Promise<void>)[]): Promise<void> {
  const left = [...tasks];
  const work = async (): Promise<void> => {
    for (let task = left.shift(); task !== undefined; task = left.shift()) await task();
  };
  await Promise.all([work(), work()]);
}

/** az prints the binary members of a key as standard base64, or as base64url, by version. */
function bytesOf(text: string | undefined): Buffer {
  return Buffer.from(text ?? '', 'base64');
}
