// Secure key release and key attestation with stock clients against the product as shipped: an authority is made and
// trusted with the product's own commands, keys are made, released and attested with JavaScript, Python and az.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { CHECKOUT, cleanEnvironment, type RunningProduct, startProduct } from '../support/running-product.ts';
import { PYTHON, skipUnless } from '../system-programs.ts';
import { testChecks } from './checks.ts';
import { type Ended, runIn } from './run-in.ts';

const AUTHORITY = 'https://attestation.strongroom.localhost';
const POLICY = {
  version: '1.0.0',
  anyOf: [{ authority: AUTHORITY, allOf: [{ claim: 'x-ms-isolation-tee.tier', equals: 'gold' }] }],
};

let product: RunningProduct;
let folder: string;
let env: Readonly<Record<string, string>>;
const at = (name: string): string => join(folder, name);
const client = (name: string): string => join(import.meta.dirname, 'clients', name);

const strongroom = (...words: string[]): Promise<Ended> =>
  runIn({ cwd: folder, env: cleanEnvironment() }, join(CHECKOUT, 'strongroom'), ...words);

async function done(ended: Promise<Ended>): Promise<string> {
  const { code, stdout, stderr } = await ended;
  assert.equal(code, 0, stderr);
  return stdout;
}

before(async () => {
  product = await startProduct();
  folder = await mkdtemp(join(tmpdir(), 'strongroom-release-'));
  const enclave = generateKeyPairSync('rsa', { modulusLength: 3072 });
  await writeFile(at('enclave.pem'), enclave.privateKey.export({ format: 'pem', type: 'pkcs8' }));
  await writeFile(at('policy.json'), JSON.stringify(POLICY, null, 2));
  const [azure] = await Promise.all([
    product.environment(),
    done(strongroom('release', 'authority', 'authority', '--name', AUTHORITY)),
  ]);
  env = { ...azure, POLICY: at('policy.json'), TARGET: at('token.jwt'), ENCLAVE: at('enclave.pem') };
  const claim = ['--claim', 'x-ms-isolation-tee.tier=gold', '--lifetime', '3600'];
  const token = strongroom('release', 'token', 'authority', '--enclave-key', 'enclave.pem', ...claim);
  await writeFile(at('token.jwt'), await done(token));
  await writeFile(at('ca.pem'), product.ca);
  await done(strongroom('release', 'trust', 'dev', '--body', 'authority/trust.json', '--data', product.data));
});
after(async () => {
  await product[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

describe('release with the stock JavaScript SDK', () => {
  let ended: Ended;
  before(async () => {
    ended = await runIn({ cwd: folder, env }, process.execPath, client('release.ts'));
  });
  testChecks(
    [
      'creates exportable keys with a policy',
      'releases',
      'changes the policy, and fixes it',
      'is refused without the claims',
    ],
    () => ended,
  );
});

describe('release with the stock Python SDK', { skip: skipUnless('python-azure') }, () => {
  let ended: Ended;
  before(async () => {
    ended = await runIn({ cwd: folder, env: { ...env, PYTHONDONTWRITEBYTECODE: '1' } }, PYTHON, client('release.py'));
  });
  testChecks(['creates exportable', 'releases', 'is refused', 'fixes policy', 'attests'], () => ended);
});

/** The releases of the SDK have it from 4.12 on. */
function skipWithoutSecureWrap(): false | string {
  const script = 'from azure.keyvault.keys.crypto import KeySecureWrapAlgorithm';
  const { status } = spawnSync(PYTHON, ['-c', script], { stdio: 'ignore', timeout: 120_000 });
  return status === 0 ? false : 'needs azure-keyvault-keys 4.12 or later: pip install --pre azure-keyvault-keys';
}

describe('secure wrap with the stock Python SDK', {
  skip: skipUnless('python-azure') || skipWithoutSecureWrap(),
}, () => {
  let ended: Ended;
  before(async () => {
    const python = { cwd: folder, env: { ...env, PYTHONDONTWRITEBYTECODE: '1' } };
    ended = await runIn(python, PYTHON, client('secure_wrap.py'));
  });
  testChecks(['makes', 'wraps', 'stays'], () => ended);
});

describe('release with az, unconfigured', { skip: skipUnless('az') }, () => {
  const az = (line: string): Promise<Ended> => runIn({ cwd: folder, env }, 'az', ...line.split(' '));
  before(async () => {
    const { AZURE_CLIENT_ID: id, AZURE_CLIENT_SECRET: secret, AZURE_TENANT_ID: tenant } = env;
    const login = ['-u', id ?? '', '-p', secret ?? '', '--tenant', tenant ?? ''];
    await done(runIn({ cwd: folder, env }, 'az', 'login', '--service-principal', ...login));
  });

  test('creates an exportable key with a policy file', async () => {
    const line = 'keyvault key create --hsm-name dev --name az-release --kty EC-HSM --curve P-384';
    const made = await done(az(`${line} --exportable true --policy policy.json --immutable true --output json`));
    const key = JSON.parse(made) as {
      attributes: { exportable: boolean };
      releasePolicy: { encodedPolicy: unknown; immutable: boolean };
    };
    assert.equal(key.attributes.exportable, true);
    assert.equal(key.releasePolicy.immutable, true);
    assert.match(JSON.stringify(key.releasePolicy.encodedPolicy), /gold/);
  });

  test('makes a policy immutable later, and a version under one that is so from creation', async () => {
    const key =
      'keyvault key create --hsm-name dev --name az-later --kty EC-HSM --exportable true --policy policy.json';
    const attested = async (file: string): Promise<string> => {
      await done(az(`keyvault key get-attestation --hsm-name dev --name az-later --file ${file}`));
      return done(strongroom('attestation', 'verify', file));
    };
    await done(az(key));
    assert.match(await attested('before.json'), /leaves +under release policy [\w-]{43}, which can be changed/);
    await done(az('keyvault key set-attributes --hsm-name dev --name az-later --policy policy.json --immutable true'));
    assert.match(await attested('later.json'), /immutable now, and perhaps not always/);
    await done(az(`${key} --immutable true`));
    assert.match(await attested('new.json'), /leaves +under release policy [\w-]{43}, immutable from creation/);
  });

  test('saves an attestation, which verifies offline at its own root and at no other', async () => {
    await done(az('keyvault key get-attestation --hsm-name dev --name az-release --file attestation.json'));
    const verified = await strongroom('attestation', 'verify', 'attestation.json', '--json');
    const { statement } = JSON.parse(await done(Promise.resolve(verified))) as {
      statement: { key: Record<string, string>; exportable: boolean; releasePolicy: string };
    };
    assert.equal(statement.key['name'], 'az-release');
    assert.match(statement.releasePolicy, /^immutable-from-creation:/);
    const elsewhere = await strongroom('attestation', 'verify', 'attestation.json', '--root', 'ca.pem');
    assert.equal(elsewhere.code, 1);
    assert.match(elsewhere.stderr, /does not end at the root given/);
  });
});
