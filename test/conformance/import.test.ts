// Stock clients bring keys along, back them up and restore them: az with PEM and transfer files, and both SDKs.
import assert from 'node:assert/strict';
import { createHash, createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { CHECKOUT, type RunningProduct, startProduct } from '../support/running-product.ts';
import { PYTHON, skipUnless } from '../system-programs.ts';
import { testChecks } from './checks.ts';
import { type Ended, runIn } from './run-in.ts';

const HSM = ['--hsm-name', 'dev'];
let product: RunningProduct;
let folder: string;
let env: Readonly<Record<string, string>>;

before(async () => {
  product = await startProduct();
  env = { ...(await product.environment()), PYTHONDONTWRITEBYTECODE: '1' };
  folder = await mkdtemp(join(tmpdir(), 'strongroom-import-'));
});
after(async () => {
  await product[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

describe('az', { skip: skipUnless('az') }, () => {
  const az = (...args: readonly string[]): Promise<Ended> => runIn({ cwd: folder, env }, 'az', ...args);
  const json = async (...args: readonly string[]): Promise<Record<string, Record<string, string>>> => {
    const { code, stdout, stderr } = await az(...args, '--output', 'json');
    assert.equal(code, 0, `az ${args.join(' ')}: ${stderr}`);
    return JSON.parse(stdout) as Record<string, Record<string, string>>;
  };
  before(async () => {
    const login = ['-u', env['AZURE_CLIENT_ID'] ?? '', '-p', env['AZURE_CLIENT_SECRET'] ?? ''];
    await json('login', '--service-principal', ...login, '--tenant', env['AZURE_TENANT_ID'] ?? '');
  });

  test('imports an RSA key in PEM', async () => {
    const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
    await writeFile(join(folder, 'rsa.pem'), pair.privateKey.export({ format: 'pem', type: 'pkcs8' }));
    const made = await json(
      'keyvault',
      'key',
      'import',
      ...HSM,
      '-n',
      'az-rsa',
      '--pem-file',
      'rsa.pem',
      '--ops',
      'sign',
    );
    assert.equal(made['key']?.['kty'], 'RSA-HSM');
    assert.equal((await az('keyvault', 'key', 'download', ...HSM, '-n', 'az-rsa', '-f', 'rsa.pub')).code, 0);
    const shown = createPublicKey(await readFile(join(folder, 'rsa.pub')));
    assert.equal(shown.export({ format: 'jwk' }).n, pair.publicKey.export({ format: 'jwk' }).n);
  });

  for (const [group, crv, alg, hash] of [
    ['prime256v1', 'P-256', 'ES256', 'sha256'],
    ['secp256k1', 'P-256K', 'ES256K', 'sha256'],
    ['secp384r1', 'P-384', 'ES384', 'sha384'],
    ['secp521r1', 'P-521', 'ES512', 'sha512'],
  ] as const) {
    test(`imports a key on ${crv} in PEM, and it signs for the public key outside`, async () => {
      const pair = generateKeyPairSync('ec', { namedCurve: group });
      await writeFile(join(folder, `${crv}.pem`), pair.privateKey.export({ format: 'pem', type: 'pkcs8' }));
      const name = `az-${crv}`;
      const made = await json('keyvault', 'key', 'import', ...HSM, '-n', name, '--pem-file', `${crv}.pem`);
      assert.equal(made['key']?.['crv'], crv);
      const digest = createHash(hash).update('x').digest('base64');
      const signed = await json('keyvault', 'key', 'sign', ...HSM, '-n', name, '-a', alg, '--digest', digest);
      const signature = Buffer.from(String(signed['signature']), 'base64');
      assert.ok(verify(hash, Buffer.from('x'), { key: pair.publicKey, dsaEncoding: 'ieee-p1363' }, signature));
    });
  }

  test('imports transfer files for each type', async () => {
    const kek = await json('keyvault', 'key', 'create', ...HSM, '-n', 'az-kek', '--kty', 'RSA-HSM', '--ops', 'import');
    const { code } = await az(
      'keyvault',
      'key',
      'download',
      ...HSM,
      '-n',
      'az-kek',
      '--encoding',
      'PEM',
      '-f',
      'kek.pem',
    );
    assert.equal(code, 0);
    await writeFile(join(folder, 'raw'), Buffer.alloc(32, 7));
    for (const [name, from, kind] of [
      ['rsa', ['--key', 'rsa.pem'], ['--kty', 'RSA']],
      ['ec', ['--key', 'P-384.pem'], ['--kty', 'EC', '--curve', 'P-384']],
      ['oct', ['--raw', 'raw'], ['--kty', 'oct']],
    ] as const) {
      const to = ['--kek', 'kek.pem', '--kid', kek['key']?.['kid'] ?? '', '--out', `${name}.byok`];
      const cli = join(CHECKOUT, 'src/cli/main.ts');
      const wrapped = await runIn({ cwd: folder, env }, process.execPath, cli, 'byok', 'wrap', ...to, ...from);
      assert.equal(wrapped.code, 0, wrapped.stderr);
      const file = ['--byok-file', `${name}.byok`];
      const made = await json('keyvault', 'key', 'import', ...HSM, '-n', `az-byok-${name}`, ...file, ...kind);
      assert.equal(made['key']?.['kty'], `${kind[1]}-HSM`);
    }
  });

  test('what comes through a key-exchange key is exportable as that one is made, and not otherwise', async () => {
    const policy = {
      version: '1.0.0',
      anyOf: [{ authority: 'https://a.example', allOf: [{ claim: 'a', equals: 1 }] }],
    };
    await writeFile(join(folder, 'policy.json'), JSON.stringify(policy));
    const leaving = ['--exportable', 'true', '--policy', 'policy.json', '--immutable', 'true'];
    await writeFile(join(folder, 'leaving'), Buffer.alloc(32, 9));
    const importThrough = async (name: string, rest: readonly string[]): Promise<Ended> => {
      const kek = [...HSM, '-n', name];
      const made = await json('keyvault', 'key', 'create', ...kek, '--kty', 'RSA-HSM', '--ops', 'import', ...rest);
      assert.equal((await az('keyvault', 'key', 'download', ...kek, '--encoding', 'PEM', '-f', `${name}.pem`)).code, 0);
      const to = ['--kek', `${name}.pem`, '--kid', made['key']?.['kid'] ?? '', '--out', `${name}.byok`];
      const cli = join(CHECKOUT, 'src/cli/main.ts');
      const wrapped = await runIn(
        { cwd: folder, env },
        process.execPath,
        cli,
        'byok',
        'wrap',
        ...to,
        '--raw',
        'leaving',
      );
      assert.equal(wrapped.code, 0, wrapped.stderr);
      const file = ['--kty', 'oct', '--byok-file', `${name}.byok`, ...leaving];
      return az('keyvault', 'key', 'import', ...HSM, '-n', `through-${name}`, ...file);
    };
    const refused = await importThrough('az-kek-stays', []);
    assert.notEqual(refused.code, 0);
    assert.match(refused.stderr, /attributes\.exportable: .*Make a key-exchange key with attributes\.exportable/);
    const { code, stderr } = await importThrough('az-kek-leaves', leaving);
    assert.equal(code, 0, stderr);
  });

  test('backs a key up and restores it after it was purged', async () => {
    const key = [...HSM, '-n', 'az-P-256'];
    const made = await json('keyvault', 'key', 'show', ...key);
    assert.equal((await az('keyvault', 'key', 'backup', ...key, '-f', 'key.backup')).code, 0);
    assert.match((await az('keyvault', 'key', 'restore', ...HSM, '-f', 'key.backup')).stderr, /Conflict/);
    await az('keyvault', 'key', 'delete', ...key);
    assert.equal((await az('keyvault', 'key', 'purge', ...key)).code, 0);
    const restored = await json('keyvault', 'key', 'restore', ...HSM, '-f', 'key.backup');
    assert.deepEqual(restored['key'], made['key']);
  });
});

describe('the JavaScript SDK', () => {
  let ended: Ended;
  before(async () => {
    ended = await runIn({ cwd: folder, env }, process.execPath, join(import.meta.dirname, 'clients/import.ts'));
  });
  testChecks(['imports RSA', 'imports EC', 'imports a symmetric key', 'backs up and restores'], () => ended);
});

describe('the Python SDK', { skip: skipUnless('python-azure') }, () => {
  let ended: Ended;
  before(async () => {
    ended = await runIn({ cwd: folder, env }, PYTHON, join(import.meta.dirname, 'clients/import.py'));
  });
  testChecks(
    ['imports RSA', 'imports EC with short numbers', 'imports a symmetric key', 'backs up and restores'],
    () => ended,
  );
});
