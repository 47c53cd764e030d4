// The tools that make transfer files, against a running instance: `strongroom byok wrap` from files and from a SoftHSM token,
// and what the guide does by hand with a token, run as it is written there.
import assert from 'node:assert/strict';
import { createHash, createPublicKey, generateKeyPairSync, randomBytes, randomUUID, verify } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type Ended, runIn } from '../conformance/run-in.ts';
import { readPage } from '../docs/blocks.ts';
import { type Reply, type RunningInstance, startRunningInstance } from '../support/running-instance.ts';
import { CHECKOUT, productEnvironment } from '../support/running-product.ts';
import { skipUnless, softHsm } from '../system-programs.ts';

const PIN = '5678';
let instance: RunningInstance;
let token: string;
let folder: string;
let kid: string;
let env: Readonly<Record<string, string>>;

before(async () => {
  instance = await startRunningInstance();
  await instance.activate();
  const user = randomUUID();
  await instance.assign('Managed HSM Crypto User', user);
  token = await instance.issuer.token(user);
  folder = await mkdtemp(join(tmpdir(), 'strongroom-byok-'));
  await chmod(folder, 0o700);
  const kek = await ask('POST', '/keys/kek/create', { kty: 'RSA-HSM', key_size: 3072, key_ops: ['import'] });
  const { key } = kek.json as { key: { kid: string; n: string; e: string } };
  kid = key.kid;
  const publicKey = createPublicKey({ key: { kty: 'RSA', n: key.n, e: key.e }, format: 'jwk' });
  await writeFile(join(folder, 'kek.pem'), publicKey.export({ format: 'pem', type: 'spki' }));
  await writeFile(join(folder, 'kek.json'), kek.text);
  await writeFile(join(folder, 'pin'), `${PIN}\n`, { mode: 0o600 });
  env = {
    PATH: process.env['PATH'] ?? '',
    HOME: folder,
    KID: kid,
    PIN,
    MODULE: softHsm() ?? '',
    SOFTHSM2_CONF: join(folder, 'softhsm2.conf'),
  };
});
after(async () => {
  await instance[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const ask = (method: string, path: string, body?: unknown): Promise<Reply> =>
  instance.ask(method, `${path}?api-version=7.6`, { token, ...(body === undefined ? {} : { body }) });
const run = (program: string, ...args: readonly string[]): Promise<Ended> =>
  runIn({ cwd: folder, env }, program, ...args);
const strongroom = (...args: readonly string[]): Promise<Ended> =>
  runIn(
    { cwd: folder, env: { ...productEnvironment(), ...env } },
    process.execPath,
    join(CHECKOUT, 'src/cli/main.ts'),
    ...args,
  );

async function ok(ended: Promise<Ended>): Promise<string> {
  const { code, stdout, stderr } = await ended;
  assert.equal(code, 0, stderr);
  return stdout;
}

async function importFile(name: string, file: string, key: object): Promise<Record<string, string>> {
  const key_hsm = (await readFile(join(folder, file))).toString('base64url');
  const reply = await ask('PUT', `/keys/${name}`, { key: { ...key, key_hsm } });
  assert.equal(reply.status, 200, reply.text);
  return (reply.json as { key: Record<string, string> }).key;
}

describe('from files', () => {
  test('a PEM and raw bytes are wrapped, checked and imported', async () => {
    const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
    await writeFile(join(folder, 'a.pem'), pair.privateKey.export({ format: 'pem', type: 'pkcs1' }));
    const to = ['--kek', 'kek.pem', '--kid', kid, '--out', 'a.byok'];
    const { code, stderr } = await strongroom('byok', 'wrap', ...to, '--key', 'a.pem');
    assert.equal(code, 0, stderr);
    assert.match(stderr, /it opens as long as that key-exchange key is there: after the import, delete and purge it/);
    assert.match(await ok(strongroom('byok', 'check', 'a.byok', '--kek', 'kek.pem')), new RegExp(kid));
    const key = await importFile('from-pem', 'a.byok', { kty: 'RSA-HSM' });
    assert.equal(key['n'], pair.publicKey.export({ format: 'jwk' }).n);
    await writeFile(join(folder, 'raw'), randomBytes(32));
    // The bundle as the service answers it says the identifier.
    await ok(strongroom('byok', 'wrap', '--kek', 'kek.json', '--raw', 'raw', '--out', 'raw.byok'));
    await importFile('from-raw', 'raw.byok', { kty: 'oct-HSM' });
  });

  test('what cannot be wrapped is refused in one line, and nothing is overwritten', async () => {
    await writeFile(join(folder, 'exists.byok'), 'mine');
    await writeFile(join(folder, 'short'), randomBytes(20));
    const small = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey;
    await writeFile(join(folder, 'small.pem'), small.export({ format: 'pem', type: 'pkcs8' }));
    const kek = ['--kek', 'kek.json'];
    const refusals: readonly (readonly [readonly string[], number, RegExp])[] = [
      [[...kek, '--raw', 'raw', '--out', 'exists.byok'], 1, /EEXIST/],
      [[...kek, '--raw', 'short', '--out', 'x.byok'], 1, /16, 24 or 32 raw bytes, this file has 20/],
      [[...kek, '--key', 'small.pem', '--out', 'x.byok'], 1, /none that can be imported/],
      [[...kek, '--key', 'raw', '--out', 'x.byok'], 1, /no private key in PEM/],
      [['--kek', 'a.pem', '--kid', kid, '--raw', 'raw', '--out', 'x.byok'], 1, /holds a private key/],
      [['--kek', 'kek.pem', '--raw', 'raw', '--out', 'x.byok'], 1, /give it with --kid/],
      [['--kek', 'kek.pem', '--kid', 'kek', '--raw', 'raw', '--out', 'x.byok'], 1, /header\.kid/],
      [['--kek', 'nothing', '--raw', 'raw', '--out', 'x.byok'], 1, /ENOENT/],
      [[...kek, '--out', 'x.byok'], 2, /name one key to wrap/],
      [[...kek, '--raw', 'raw', '--key', 'a.pem', '--out', 'x.byok'], 2, /name one key to wrap/],
      [[...kek, '--raw', 'raw', '--pin-file', 'pin', '--out', 'x.byok'], 2, /token options need/],
      [['--raw', 'raw', '--out', 'x.byok'], 2, /--kek/],
    ];
    for (const [args, code, text] of refusals) {
      const ended = await strongroom('byok', 'wrap', ...args);
      assert.equal(ended.code, code, ended.stderr);
      assert.match(ended.stderr, text);
      assert.doesNotMatch(ended.stderr, /\n {4}at /);
    }
    assert.equal(await readFile(join(folder, 'exists.byok'), 'utf8'), 'mine');
    await assert.rejects(readFile(join(folder, 'x.byok')), { code: 'ENOENT' });
  });

  test('check names the wrong field', async () => {
    const good = JSON.parse(await readFile(join(folder, 'a.byok'), 'utf8')) as { header: object; ciphertext: string };
    const bad: readonly (readonly [unknown, RegExp])[] = [
      [{ ...good, header: { ...good.header, enc: 'x' } }, /header\.enc: must be/],
      [{ ...good, header: { ...good.header, kid: 'kek' } }, /header\.kid: is not/],
      [{ ...good, ciphertext: good.ciphertext.slice(4) }, /ciphertext: has \d+ bytes/],
      [[], /the file: must be an object/],
    ];
    for (const [blob, text] of bad) {
      await writeFile(join(folder, 'bad.byok'), JSON.stringify(blob));
      const { code, stderr } = await strongroom('byok', 'check', 'bad.byok', '--kek', 'kek.pem');
      assert.equal(code, 1);
      assert.match(stderr, text);
      assert.match(stderr, /: bad\.byok: /, 'which file it is in');
    }
  });

  test('check says which file is missing, each by its name', async () => {
    const cases: readonly (readonly [readonly string[], RegExp])[] = [
      [['none.byok'], /: none\.byok cannot be read: it is not there\n/],
      [['a.byok', '--kek', 'none.pem'], /: none\.pem cannot be read: it is not there\n/],
      [['none.byok', '--kek', 'none.pem'], /: none\.byok cannot be [^;]*; none\.pem cannot be read: it is not there\n/],
      [['a.byok', '--kek', 'a.byok'], /: a\.byok: /],
    ];
    for (const [args, text] of cases) {
      const { code, stderr } = await strongroom('byok', 'check', ...args);
      assert.equal(code, 1);
      assert.match(stderr, text);
    }
  });
});

describe('from a token', { skip: skipUnless('openssl', 'pkcs11-tool', 'softhsm2') }, () => {
  const onToken = ['--pkcs11-module', softHsm() ?? '', '--token-label', 'old', '--pin-file', 'pin'];
  const tool = (...args: readonly string[]): Promise<string> =>
    ok(
      run(
        'pkcs11-tool',
        '--module',
        env['MODULE'] ?? '',
        '--token-label',
        'old',
        '--login',
        '--pin',
        'env:PIN',
        ...args,
      ),
    );

  before(async () => {
    await mkdir(join(folder, 'tokens'));
    await writeFile(
      join(folder, 'softhsm2.conf'),
      `directories.tokendir = ${join(folder, 'tokens')}\nlog.level = ERROR\n`,
    );
    await ok(run('softhsm2-util', '--init-token', '--free', '--label', 'old', '--so-pin', '1234', '--pin', PIN));
    await tool('--keypairgen', '--key-type', 'rsa:2048', '--label', 'tls', '--id', '01', '--extractable');
    await tool('--keypairgen', '--key-type', 'EC:secp384r1', '--label', 'ec', '--id', '02', '--extractable');
    await tool('--keygen', '--key-type', 'aes:32', '--label', 'aes', '--id', '03', '--extractable');
    await tool('--keypairgen', '--key-type', 'rsa:2048', '--label', 'stuck', '--id', '04');
  });

  /** True when the token's private key signs for the public key that the module answered: the key is the same one. */
  const isOnToken = async (id: string, key: Readonly<Record<string, string>>): Promise<boolean> => {
    const mechanism = key['kty'] === 'EC-HSM' ? 'ECDSA' : 'SHA384-RSA-PKCS';
    const message = Buffer.from('x');
    await writeFile(
      join(folder, 'signed'),
      mechanism === 'ECDSA' ? createHash('sha384').update(message).digest() : message,
    );
    await tool('--sign', '--mechanism', mechanism, '--id', id, '--input-file', 'signed', '--output-file', 'signature');
    const publicKey = createPublicKey({ key: { ...key, kty: String(key['kty']).replace('-HSM', '') }, format: 'jwk' });
    const signature = await readFile(join(folder, 'signature'));
    return verify('sha384', message, { key: publicKey, dsaEncoding: 'ieee-p1363' }, signature);
  };

  test('RSA, EC and AES keys go from the token into the module, never in the clear', async () => {
    const imported = new Map<string, Record<string, string>>();
    for (const [label, key] of [
      ['tls', { kty: 'RSA-HSM' }],
      ['ec', { kty: 'EC-HSM', crv: 'P-384' }],
      ['aes', { kty: 'oct-HSM' }],
    ] as const) {
      const out = `token-${label}.byok`;
      await ok(strongroom('byok', 'wrap', '--kek', 'kek.json', ...onToken, '--key-label', label, '--out', out));
      imported.set(label, await importFile(`token-${label}`, out, key));
    }
    const digest = createHash('sha384').update('x').digest('base64url');
    for (const [label, id, alg] of [
      ['tls', '01', 'RS384'],
      ['ec', '02', 'ES384'],
    ] as const) {
      assert.ok(await isOnToken(id, imported.get(label) ?? {}), label);
      const signed = await ask('POST', `/keys/token-${label}/sign`, { alg, value: digest });
      assert.equal(signed.status, 200, signed.text);
      const { value } = signed.json as { value: string };
      const verified = await ask('POST', `/keys/token-${label}/verify`, { alg, digest, value });
      assert.equal((verified.json as { value: boolean }).value, true, label);
    }
  });

  test('a wrong PIN, label or library and a key that must not leave are said in one line', async () => {
    await writeFile(join(folder, 'wrong-pin'), '0000');
    const refusals: readonly (readonly [readonly string[], RegExp])[] = [
      [[...onToken, '--key-label', 'stuck'], /CKR_KEY_UNEXTRACTABLE; the key must be extractable/],
      [[...onToken, '--key-label', 'nobody'], /no private or secret key labelled 'nobody'/],
      [[...onToken, '--key-label', 'tls', '--token-label', 'new'], /no token labelled 'new'/],
      [[...onToken, '--key-label', 'tls', '--pin-file', 'wrong-pin'], /CKR_PIN_INCORRECT/],
      [[...onToken, '--key-label', 'tls', '--pkcs11-module', 'nothing.so'], /not a PKCS#11 library/],
    ];
    for (const [args, text] of refusals) {
      const { code, stderr } = await strongroom('byok', 'wrap', '--kek', 'kek.json', ...args, '--out', 'y.byok');
      assert.equal(code, 1, stderr);
      assert.match(stderr, text);
      assert.doesNotMatch(stderr, /\n {4}at |5678|0000/);
    }
  });

  test('what the guide does with pkcs11-tool works as written', { skip: skipUnless('OpenSC 0.26') }, async () => {
    const { steps } = readPage(await readFile(join(CHECKOUT, 'docs/guide/byok.md'), 'utf8'));
    const block = steps.find(({ kind, body }) => kind === 'run by' && body.includes('--write-object'));
    await ok(run('bash', '-c', `set -e\n${block?.body}`));
    const key = await importFile('by-tool', 'tls.byok', { kty: 'RSA-HSM' });
    assert.ok(await isOnToken('01', key));
  });
});
