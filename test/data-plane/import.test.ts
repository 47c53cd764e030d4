// Import of plain keys over raw HTTPS: every type and curve works afterwards as the key that it was outside, and what is
// weak or does not belong together is refused by the name of the member.
import assert from 'node:assert/strict';
import {
  constants,
  createHash,
  createHmac,
  generateKeyPairSync,
  type KeyObject,
  publicEncrypt,
  randomBytes,
  randomUUID,
  sign,
  verify,
} from 'node:crypto';
import { after, before, test } from 'node:test';
import { type Reply, type RunningInstance, startRunningInstance } from '../support/running-instance.ts';

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

type Jwk = Record<string, unknown>;
interface Bundle {
  readonly key: Jwk & { readonly kid: string };
  readonly attributes: Record<string, unknown>;
  readonly tags?: Record<string, string>;
}

const b64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url');
const bytesOf = (text: unknown): Buffer => Buffer.from(text as string, 'base64url');
const ask = (method: string, path: string, body?: unknown, version = '7.6'): Promise<Reply> =>
  instance.ask(method, `${path}${path.includes('?') ? '&' : '?'}api-version=${version}`, {
    token,
    ...(body === undefined ? {} : { body }),
  });

async function importKey(name: string, key: Jwk, rest: object = {}): Promise<Bundle> {
  const reply = await ask('PUT', `/keys/${name}`, { key, ...rest });
  assert.equal(reply.status, 200, reply.text);
  return reply.json as Bundle;
}

async function refused(key: unknown, text: RegExp, rest: object = {}): Promise<void> {
  const reply = await ask('PUT', '/keys/refused', { key, ...rest });
  assert.equal(reply.status, 400, `${text}: ${reply.text}`);
  const { error } = reply.json as { error: { code: string; message: string } };
  assert.equal(error.code, 'BadParameter');
  assert.match(error.message, text);
  assert.equal((await ask('GET', '/keys/refused')).status, 404);
}

async function operate(name: string, operation: string, body: object): Promise<string> {
  const reply = await ask('POST', `/keys/${name}/${operation}`, body);
  assert.equal(reply.status, 200, reply.text);
  return (reply.json as { value: string }).value;
}

function rsa(modulusLength = 2048): { readonly jwk: Jwk; readonly publicKey: KeyObject } {
  const pair = generateKeyPairSync('rsa', { modulusLength });
  return { jwk: pair.privateKey.export({ format: 'jwk' }) as Jwk, publicKey: pair.publicKey };
}

const CURVES = [
  { crv: 'P-256', group: 'prime256v1', alg: 'ES256', hash: 'sha256', bytes: 32 },
  { crv: 'P-256K', group: 'secp256k1', alg: 'ES256K', hash: 'sha256', bytes: 32 },
  { crv: 'P-384', group: 'secp384r1', alg: 'ES384', hash: 'sha384', bytes: 48 },
  { crv: 'P-521', group: 'secp521r1', alg: 'ES512', hash: 'sha512', bytes: 66 },
] as const;

test('an RSA key of each size is the same key afterwards, in its first and only clear journey', async () => {
  for (const size of [2048, 3072, 4096]) {
    const { jwk, publicKey } = rsa(size);
    const bundle = await importKey(`rsa-${size}`, jwk, { Hsm: false, tags: { from: 'here' } });
    assert.equal(bundle.key['kty'], 'RSA-HSM');
    assert.equal(bundle.key['n'], jwk['n']);
    assert.equal(bundle.key['e'], 'AQAB');
    assert.deepEqual(bundle.key['key_ops'], ['encrypt', 'decrypt', 'sign', 'verify', 'wrapKey', 'unwrapKey']);
    assert.deepEqual(Object.keys(bundle.key).sort(), ['e', 'key_ops', 'kid', 'kty', 'n']);
    assert.deepEqual(bundle.tags, { from: 'here' });
    assert.deepEqual((await ask('GET', `/keys/rsa-${size}`)).json, bundle);
    const secret = randomBytes(32);
    const sealed = publicEncrypt({ key: publicKey, oaepHash: 'sha256' }, secret);
    const opened = await operate(`rsa-${size}`, 'decrypt', { alg: 'RSA-OAEP-256', value: b64(sealed) });
    assert.deepEqual(bytesOf(opened), secret);
    const digest = randomBytes(32);
    const signature = await operate(`rsa-${size}`, 'sign', { alg: 'PS256', value: b64(digest) });
    assert.equal(bytesOf(signature).length, size / 8);
  }
});

test('an EC key of each curve signs for the public key it had outside', async () => {
  for (const { crv, group, alg, hash } of CURVES) {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: group });
    const jwk = privateKey.export({ format: 'jwk' }) as Jwk;
    const bundle = await importKey(`ec-${crv}`, { ...jwk, crv });
    assert.deepEqual(
      [bundle.key['kty'], bundle.key['crv'], bundle.key['x'], bundle.key['y']],
      ['EC-HSM', crv, jwk['x'], jwk['y']],
    );
    const message = randomBytes(50);
    const value = b64(createHash(hash).update(message).digest());
    const signature = bytesOf(await operate(`ec-${crv}`, 'sign', { alg, value }));
    assert.ok(verify(hash, message, { key: publicKey, dsaEncoding: 'ieee-p1363' }, signature));
    const outside = sign(hash, message, { key: privateKey, dsaEncoding: 'ieee-p1363' });
    const verified = await ask('POST', `/keys/ec-${crv}/verify`, { alg, digest: value, value: b64(outside) });
    assert.deepEqual(verified.json, { alg, kid: bundle.key['kid'], value: true });
  }
});

test('the older name of secp256k1 is understood and answered by the newer', async () => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'secp256k1' });
  const bundle = await importKey('alias', { ...(privateKey.export({ format: 'jwk' }) as Jwk), crv: 'SECP256K1' });
  assert.equal(bundle.key['crv'], 'P-256K');
});

test('leading zero bytes may be missing or too many: the key shown has the curve’s length', async () => {
  for (const { crv, group, bytes } of CURVES) {
    let jwk: Jwk;
    // Every 256th key has a short member; P-521 every other.
    do jwk = generateKeyPairSync('ec', { namedCurve: group }).privateKey.export({ format: 'jwk' }) as Jwk;
    while (!['x', 'y', 'd'].some((name) => bytesOf(jwk[name])[0] === 0));
    const strip = (text: unknown): string => {
      const full = bytesOf(text);
      return b64(full.subarray(full.findIndex((byte) => byte !== 0)));
    };
    const stripped = { kty: 'EC', crv, x: strip(jwk['x']), y: strip(jwk['y']), d: strip(jwk['d']) };
    const { key } = await importKey(`short-${crv}`, stripped);
    assert.deepEqual([key['x'], key['y']], [jwk['x'], jwk['y']]);
    assert.equal(bytesOf(key['x']).length, bytes);
    const longer = (text: unknown): string => b64(Buffer.concat([Buffer.alloc(2), bytesOf(text)]));
    const padded = { kty: 'EC', crv, x: longer(jwk['x']), y: longer(jwk['y']), d: longer(jwk['d']) };
    assert.equal((await importKey(`long-${crv}`, padded)).key['x'], jwk['x']);
  }
  const { jwk } = rsa();
  const signed = Object.fromEntries(
    Object.entries(jwk).map(([name, value]) => [
      name,
      name === 'kty' ? value : b64(Buffer.concat([Buffer.alloc(1), bytesOf(value)])),
    ]),
  );
  assert.equal((await importKey('long-rsa', signed)).key['n'], jwk['n']);
});

test('a symmetric key works as it did outside and is never shown', async () => {
  for (const size of [16, 24, 32]) {
    const k = randomBytes(size);
    const { key } = await importKey(`oct-${size}`, { kty: 'oct', k: b64(k) });
    assert.deepEqual(Object.keys(key).sort(), ['key_ops', 'kid', 'kty']);
    assert.equal(key['kty'], 'oct-HSM');
    const value = randomBytes(30);
    const body = { alg: 'HS256', value: b64(value) };
    const reply = await ask('POST', `/keys/oct-${size}/sign`, body, '7.6-preview.2');
    assert.equal((reply.json as { value: string }).value, b64(createHmac('sha256', k).update(value).digest()));
  }
});

test('importing under a name that exists makes a new version', async () => {
  const first = await importKey('again', { kty: 'oct', k: b64(randomBytes(32)) });
  const second = await importKey('AGAIN', rsa().jwk);
  assert.match(second.key.kid, /\/keys\/again\/[0-9a-f]{32}$/);
  assert.notEqual(first.key.kid, second.key.kid);
  const versions = (await ask('GET', '/keys/again/versions')).json as { value: unknown[] };
  assert.equal(versions.value.length, 2);
  assert.deepEqual((await ask('GET', '/keys/again')).json, second);
});

test('operations and attributes are set as asked', async () => {
  const bundle = await importKey(
    'limited',
    { ...rsa().jwk, key_ops: ['unwrapKey'], kid: 'whatever' },
    { attributes: { enabled: false, exp: 4102444800 } },
  );
  assert.deepEqual(bundle.key['key_ops'], ['unwrapKey']);
  assert.deepEqual([bundle.attributes['enabled'], bundle.attributes['exp']], [false, 4102444800]);
});

test('RSA numbers that do not belong together are refused by name', async () => {
  const { jwk } = rsa();
  const other = rsa().jwk;
  for (const name of ['n', 'e', 'd', 'p', 'q', 'dp', 'dq', 'qi']) {
    const { [name]: _, ...without } = jwk;
    await refused(without, new RegExp(`'${name}' is required`));
    await refused({ ...jwk, [name]: '!' }, new RegExp(`'${name}' is not base64url`));
    await refused({ ...jwk, [name]: '' }, new RegExp(`^${name}: is required`));
  }
  const plusTwo = (name: string): string => {
    const value = BigInt(`0x${bytesOf(jwk[name]).toString('hex')}`) + 2n;
    const hex = value.toString(16);
    return b64(Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex'));
  };
  for (const name of ['d', 'dp', 'dq', 'qi']) {
    await refused({ ...jwk, [name]: other[name] }, new RegExp(`^${name}: `));
    await refused({ ...jwk, [name]: plusTwo(name) }, new RegExp(`^${name}: `));
  }
  await refused({ ...jwk, n: other['n'] }, /^n: is not p times q/);
  await refused({ ...jwk, p: other['p'] }, /^n: is not p times q/);
  await refused({ ...jwk, q: jwk['p'] }, /^q: is the same as p/);
  await refused({ ...jwk, q: 'AQ' }, /^q: must have 1024 bits/);
  for (const e of ['AQ', 'Ag', 'AQAA', b64(Buffer.alloc(9, 0xff))]) await refused({ ...jwk, e }, /^e: /);
  await refused({ ...jwk, e: 'Aw' }, /^d: does not belong to n and e/);
  await refused({ ...jwk, n: b64(Buffer.alloc(2000, 0xff)) }, /^n: is too long/);
  await refused({ ...jwk, oth: [{}] }, /oth/);
  await refused(rsa(1024).jwk, /^n: Invalid key size: '1024'/);
  await refused(rsa(2056).jwk, /^n: Invalid key size: '2056'/);
});

test('EC points and numbers that do not belong together are refused by name', async () => {
  for (const { crv, group, bytes } of CURVES) {
    const make = (): Jwk => ({
      ...(generateKeyPairSync('ec', { namedCurve: group }).privateKey.export({ format: 'jwk' }) as Jwk),
      crv,
    });
    const jwk = make();
    await refused({ ...jwk, y: make()['y'] }, /^x: and y are not a point/);
    await refused({ ...jwk, d: make()['d'] }, /^d: does not belong to x and y/);
    await refused({ ...jwk, d: b64(Buffer.alloc(bytes)) }, /^d: /);
    await refused({ ...jwk, d: b64(Buffer.alloc(bytes, 0xff)) }, /^d: is not in the range/);
    await refused({ ...jwk, x: b64(Buffer.alloc(bytes + 1, 1)) }, /^x: has more than/);
    for (const name of ['x', 'y', 'd']) {
      const { [name]: _, ...without } = jwk;
      await refused(without, new RegExp(`'${name}' is required`));
    }
  }
  const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' }) as Jwk;
  await refused({ ...p256, crv: 'P-256K' }, /^x: and y are not a point of P-256K/);
  await refused({ ...p256, crv: 'Ed25519' }, /crv/);
  await refused({ kty: 'EC', x: p256['x'], y: p256['y'], d: p256['d'] }, /'crv' is required/);
});

test('symmetric keys of other lengths are refused', async () => {
  for (const length of [1, 15, 17, 20, 33, 64]) {
    await refused({ kty: 'oct', k: b64(Buffer.alloc(length)) }, new RegExp(`^k: Invalid key size: '${length * 8}'`));
  }
  await refused({ kty: 'oct', k: b64(Buffer.alloc(65)) }, /'k' may have at most 64/);
  await refused({ kty: 'oct', k: '' }, /^k: /);
  await refused({ kty: 'oct' }, /'k' is required/);
});

test('what is no key, or asks for what a key of its type cannot do, is refused', async () => {
  await refused(undefined, /'key' is required/);
  await refused('RSA', /'key' must be an object/);
  await refused({}, /'key' is required/);
  await refused({ n: 'AQ' }, /'kty' is required/);
  await refused({ kty: 'OKP' }, /Invalid kty: 'OKP'/);
  const k = b64(randomBytes(32));
  await refused({ kty: 'oct', k, key_ops: ['import'] }, /key_ops/);
  await refused({ kty: 'oct', k, key_ops: 'encrypt' }, /key_ops/);
  await refused({ kty: 'oct', k }, /nbf must be before/, { attributes: { nbf: 2, exp: 1 } });
  await refused({ kty: 'oct', k }, /release policy/, { release_policy: { data: 'e30' } });
  assert.equal((await ask('PUT', '/keys/under_score', { key: { kty: 'oct', k } })).status, 400);
});

test('a role on one key imports nothing, not even under its name', async () => {
  const limited = randomUUID();
  await instance.assign('Managed HSM Crypto User', limited, '/keys/mine');
  const body = { key: { kty: 'oct', k: b64(randomBytes(32)) } };
  const reply = await instance.ask('PUT', '/keys/mine?api-version=7.6', {
    token: await instance.issuer.token(limited),
    body,
  });
  assert.equal(reply.status, 403);
  assert.match(reply.text, /keys\/import\/action/);
});

test('an imported key is there after a restart', async () => {
  const { jwk, publicKey } = rsa();
  const bundle = await importKey('stays', jwk);
  await instance.restart();
  assert.deepEqual((await ask('GET', '/keys/stays')).json, bundle);
  const sealed = publicEncrypt({ key: publicKey, padding: constants.RSA_PKCS1_OAEP_PADDING }, Buffer.from('x'));
  const value = await operate('stays', 'decrypt', { alg: 'RSA-OAEP', value: b64(sealed) });
  assert.equal(bytesOf(value).toString(), 'x');
});
