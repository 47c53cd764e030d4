// Forms in which released clients write their requests, one test for each client that sends them unasked: all of them mean
// something that the service does, so all of them work.
import assert from 'node:assert/strict';
import { generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { type Reply, type RunningInstance, startRunningInstance } from '../support/running-instance.ts';

interface Bundle {
  readonly key: Readonly<Record<string, unknown>> & { readonly kid: string; readonly key_ops: readonly string[] };
}

const RSA_OPS = ['encrypt', 'decrypt', 'sign', 'verify', 'wrapKey', 'unwrapKey'];
const OCT_OPS = ['deriveKey', ...RSA_OPS];

describe('what clients write is read as they mean it', () => {
  let instance: RunningInstance;
  let token: string;
  before(async () => {
    instance = await startRunningInstance();
    await instance.activate();
    const user = randomUUID();
    await instance.assign('Managed HSM Crypto User', user);
    token = await instance.issuer.token(user);
  });
  after(() => instance[Symbol.asyncDispose]());

  const send = (method: string, path: string, body?: unknown): Promise<Reply> =>
    instance.ask(method, path, { token, ...(body === undefined ? {} : { body }) });
  const ok = async <T>(method: string, path: string, body?: unknown, version = '7.4'): Promise<T> => {
    const reply = await send(method, `${path}?api-version=${version}`, body);
    assert.equal(reply.status, 200, `${path}: ${reply.text}`);
    return reply.json as T;
  };
  const create = (name: string, body: object) => ok<Bundle>('POST', `/keys/${name}/create`, body);
  const opsOf = ({ key }: Bundle): readonly string[] => [...key.key_ops].sort();
  type Result = Readonly<Record<'value' | 'iv' | 'alg' | 'kid', string>>;

  test('Java: an exponent of 0 and no operations are nothing said', async () => {
    const made = await create('java', { kty: 'RSA', public_exponent: 0, key_ops: [], attributes: {}, tags: {} });
    assert.equal(made.key['e'], 'AQAB');
    assert.deepEqual(opsOf(made), [...RSA_OPS].sort());
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const jwk = { ...privateKey.export({ format: 'jwk' }), key_ops: [] };
    const imported = await ok<Bundle>('PUT', '/keys/java-imported', { key: jwk, Hsm: true });
    assert.deepEqual(opsOf(imported), [...RSA_OPS].sort());
    const changed = await ok<Bundle>('PATCH', '/keys/java', { key_ops: [], attributes: { enabled: 'true' } });
    assert.deepEqual(opsOf(changed), [...RSA_OPS].sort());
  });

  test('Java: a key without a name is refused as a bad request, not as a wrong method', async () => {
    for (const path of ['/keys//create', '/keys/create', '/keys/some-name']) {
      const reply = await send('POST', `${path}?api-version=7.4`, { kty: 'RSA', public_exponent: 0 });
      assert.equal(reply.status, 400, reply.text);
      assert.match(reply.text, /"code":"BadParameter","message":"Operation not specified: POST takes \/keys\/\{name\}/);
    }
  });

  test('smallstep and cosign: members that belong to other types and say nothing', async () => {
    assert.equal((await create('step-rsa', { kty: 'RSA', key_size: '3072', crv: '' })).key['kty'], 'RSA-HSM');
    assert.equal((await create('step-oct', { kty: 'oct', key_size: 256, crv: '' })).key['kty'], 'oct-HSM');
    const cosign = await create('cosign', { kty: 'EC', key_size: 2048, key_ops: ['sign', 'verify'] });
    assert.equal(cosign.key['crv'], 'P-256');
    assert.deepEqual(opsOf(await create('ec', { kty: 'EC', crv: 'P-384' })), ['deriveKey', 'sign', 'verify']);
  });

  test('JavaScript: AES is the name of a symmetric key, in create and import', async () => {
    const made = await create('aes', { kty: 'AES', key_size: 256, attributes: {} });
    assert.equal(made.key['kty'], 'oct-HSM');
    assert.deepEqual(opsOf(made), [...OCT_OPS].sort());
    const key = { kty: 'AES', k: randomBytes(32).toString('base64') };
    assert.equal((await ok<Bundle>('PUT', '/keys/aes-imported', { key })).key['kty'], 'oct-HSM');
  });

  test('MongoDB and TiKV: padded and standard base64 everywhere, base64url without padding in answers', async () => {
    await create('padded', { kty: 'oct', key_size: 256 });
    const plain = Buffer.from('fbefbefbfffe', 'hex');
    assert.match(plain.toString('base64'), /[+/]/);
    const iv = randomBytes(16);
    for (const value of [plain.toString('base64'), `${Buffer.from([0xff]).toString('base64url')}==`]) {
      const made = await ok<Result>('POST', '/keys/padded/encrypt', {
        alg: 'A256CBCPAD',
        value,
        iv: iv.toString('base64'),
      });
      assert.equal(made.iv, iv.toString('base64url'));
      assert.match(made.value, /^[\w-]+$/);
      const padded = Buffer.from(made.value, 'base64url').toString('base64');
      const opened = await ok<Result>('POST', '/keys/padded/decrypt', {
        alg: 'A256CBCPAD',
        value: padded,
        iv: made.iv,
      });
      assert.equal(opened.value, Buffer.from(value, 'base64').toString('base64url'));
    }
    const backup = await ok<Result>('POST', '/keys/padded/backup');
    const again = { value: Buffer.from(backup.value, 'base64url').toString('base64') };
    assert.equal((await send('POST', '/keys/restore?api-version=7.4', again)).status, 409, 'it was read');
    const drawn = await ok<Result>('POST', '/rng', { count: '32' }, '7.0');
    assert.equal(Buffer.from(drawn.value, 'base64url').length, 32);
  });

  test('the OpenSSL provider: a request without api-version is one of 7.2, on every route', async () => {
    const { key } = await create('provider', { kty: 'EC' });
    const shown = await send('GET', '/keys/provider');
    assert.deepEqual([shown.status, (shown.json as Bundle).key.kid], [200, key.kid]);
    const value = randomBytes(32).toString('base64url');
    const signed = await send('POST', '/keys/provider/sign', { alg: 'ES256', value });
    assert.equal(signed.status, 200, signed.text);
    assert.equal((await send('GET', '/keys')).status, 200);
    // What came later than 7.2 says so.
    const later = await send('GET', '/keys/provider/attestation');
    assert.equal(later.status, 404);
    assert.match(later.text, /in api-version 7\.2, which a request without api-version is served as/);
    assert.equal((await send('GET', '/keys/provider?api-version=7.99')).status, 400);
  });

  test('CBC fills the last block up with zero bytes, gives the iv back and passes over an aad', async () => {
    await create('cbc', { kty: 'oct', key_size: 256 });
    const iv = randomBytes(16).toString('base64url');
    const aad = randomBytes(16).toString('base64url');
    for (const length of [1, 15, 16, 200]) {
      const plain = randomBytes(length);
      const body = { alg: 'A256CBC', value: plain.toString('base64url'), iv, aad };
      const made = await ok<Result>('POST', '/keys/cbc/encrypt', body);
      assert.deepEqual(Object.keys(made).sort(), ['alg', 'iv', 'kid', 'value']);
      assert.equal(made.iv, iv);
      const whole = Math.ceil(length / 16) * 16;
      assert.equal(Buffer.from(made.value, 'base64url').length, whole);
      const opened = await ok<Result>('POST', '/keys/cbc/decrypt', { alg: 'A256CBC', value: made.value, iv, aad });
      assert.deepEqual(Object.keys(opened).sort(), ['alg', 'kid', 'value']);
      assert.deepEqual(Buffer.from(opened.value, 'base64url'), Buffer.concat([plain, Buffer.alloc(whole - length)]));
    }
  });

  test('the exponents of the service are made, and rotation keeps them', async () => {
    for (const [exponent, e] of [
      [3, 'Aw'],
      [5, 'BQ'],
      [17, 'EQ'],
      [257, 'AQE'],
      ['65537', 'AQAB'],
    ] as const) {
      const name = `exponent-${exponent}`;
      assert.equal((await create(name, { kty: 'RSA', public_exponent: exponent })).key['e'], e);
      await ok('PUT', `/keys/${name}/rotationpolicy`, { attributes: { expiryTime: 'P90D' } });
      assert.equal((await ok<Bundle>('POST', `/keys/${name}/rotate`)).key['e'], e);
    }
  });
});
