// ML-DSA keys over raw HTTPS: their own forms of create, sign, verify and import, and everything else that can be done with
// any key.
import assert from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync, type KeyObject, randomBytes, randomUUID, verify } from 'node:crypto';
import { after, before, test } from 'node:test';
import { encodeMlDsaSeed, mlDsaSets } from '../../src/formats/ml-dsa.ts';
import { verifyAttestation } from '../../src/tools/attestation/verify-attestation.ts';
import { issueToken, jwksOf, makeAuthority } from '../../src/tools/release/authority/issue-token.ts';
import { openRelease } from '../../src/tools/release/open-release.ts';
import { type Reply, type RunningInstance, startRunningInstance } from '../support/running-instance.ts';

const VERSION = '2026-05-01-preview';
const BEFORE = '2026-04-01';
const ALGS = [...mlDsaSets.keys()];

let instance: RunningInstance;
let sibling: RunningInstance;
let token: string;
let siblingToken: string;
before(async () => {
  instance = await startRunningInstance();
  await instance.activate();
  sibling = await startRunningInstance({ sameDomainAs: instance });
  [token, siblingToken] = (await Promise.all([instance, sibling].map(userOf))) as [string, string];
});
after(() => Promise.all([instance, sibling].map((each) => each[Symbol.asyncDispose]())));

async function userOf(of: RunningInstance): Promise<string> {
  const user = randomUUID();
  for (const role of ['Managed HSM Crypto User', 'Managed HSM Crypto Officer']) await of.assign(role, user);
  return of.issuer.token(user);
}

const ask = (method: string, path: string, body?: unknown, version = VERSION): Promise<Reply> =>
  instance.ask(method, `${path}?api-version=${version}`, { token, ...(body === undefined ? {} : { body }) });

interface Bundle {
  readonly key: Record<string, unknown> & { readonly kid: string; readonly alg: string; readonly pub: string };
  readonly attributes: Record<string, unknown>;
}

async function done<T = Bundle>(reply: Promise<Reply>): Promise<T> {
  const { status, text, json } = await reply;
  assert.equal(status, 200, text);
  return json as T;
}

const create = (name: string, alg: string, rest: object = {}): Promise<Bundle> =>
  done(ask('POST', `/keys/${name}/create`, { kty: 'AKP', alg, ...rest }));

async function refused(reply: Promise<Reply>, text: RegExp): Promise<void> {
  const { status, json, text: answer } = await reply;
  assert.equal(status, 400, `${text}: ${answer}`);
  const { error } = json as { error: { code: string; message: string } };
  assert.equal(error.code, 'BadParameter');
  assert.match(error.message, text);
}

const b64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url');
const outside = ({ alg, pub }: { alg: string; pub: string }): KeyObject =>
  createPublicKey({ key: { kty: 'AKP', alg, pub } as never, format: 'jwk' });

async function sign(name: string, body: object): Promise<Buffer> {
  const answer = await done<{ kid: string; value: string }>(ask('POST', `/keys/${name}/sign`, body));
  assert.deepEqual(Object.keys(answer).sort(), ['kid', 'value']);
  return Buffer.from(answer.value, 'base64url');
}

async function holds(name: string, body: object): Promise<boolean> {
  const answer = await done<{ value: boolean }>(ask('POST', `/keys/${name}/verify`, body));
  assert.deepEqual(Object.keys(answer), ['value']);
  return answer.value;
}

test('a key of each parameter set is made, shown, and signs for its public key', async () => {
  for (const alg of ALGS) {
    const made = await create(alg, alg, { key_ops: ['sign', 'verify'], tags: { post: 'quantum' } });
    assert.deepEqual(Object.keys(made.key), ['alg', 'key_ops', 'kid', 'kty', 'pub']);
    assert.deepEqual([made.key['kty'], made.key.alg, made.key['key_ops']], ['AKP-HSM', alg, ['sign', 'verify']]);
    assert.deepEqual(await done(ask('GET', `/keys/${alg}`)), made);
    const message = randomBytes(3000);
    for (const body of [{}, { alg }, { context: '' }]) {
      const signature = await sign(alg, { value: b64(message), ...body });
      assert.ok(verify(null, message, outside(made.key), signature));
      const digest = { digest: b64(message), value: b64(signature) };
      assert.ok(await holds(alg, { ...digest, ...body }));
      assert.ok(!(await holds(alg, { ...digest, digest: b64(message.subarray(1)) })));
      assert.ok(!(await holds(alg, { ...digest, value: b64(signature.subarray(1)) })));
      assert.ok(!(await holds(alg, { ...digest, value: '' })));
    }
  }
});

test('a context is part of what is signed', async () => {
  await create('context', 'ML-DSA-44');
  const digest = b64(Buffer.from('m'));
  for (const length of [1, 255]) {
    const bytes = randomBytes(length);
    const context = b64(bytes);
    const value = b64(await sign('context', { value: digest, context }));
    assert.ok(await holds('context', { digest, value, context }));
    assert.ok(!(await holds('context', { digest, value })));
    const other = bytes.map((byte) => byte ^ 1);
    assert.ok(!(await holds('context', { digest, value, context: b64(other) })));
  }
  // And the next signature without one has none.
  const value = b64(await sign('context', { value: digest }));
  assert.ok(await holds('context', { digest, value }));
  const long = b64(randomBytes(256));
  await refused(ask('POST', '/keys/context/sign', { value: digest, context: long }), /'context' has 256 bytes/);
  await refused(ask('POST', '/keys/context/verify', { digest, value, context: long }), /'context' has 256 bytes/);
});

test('an external mu is signed as it is, alone in the request', async () => {
  await create('mu', 'ML-DSA-65');
  const externalMu = b64(randomBytes(64));
  const value = b64(await sign('mu', { external_mu: externalMu }));
  assert.ok(await holds('mu', { external_mu: externalMu, value }));
  assert.ok(!(await holds('mu', { external_mu: b64(randomBytes(64)), value })));
  assert.ok(!(await holds('mu', { digest: externalMu, value })));
  for (const length of [1, 63, 65]) {
    await refused(ask('POST', '/keys/mu/sign', { external_mu: b64(randomBytes(length)) }), /'external_mu' has/);
  }
  for (const [name, text] of Object.entries({ alg: 'ML-DSA-65', context: 'AA', value: 'AA' })) {
    await refused(
      ask('POST', '/keys/mu/sign', { external_mu: externalMu, [name]: text }),
      new RegExp(`'${name}' does not go with 'external_mu'`),
    );
  }
  await refused(
    ask('POST', '/keys/mu/verify', { external_mu: externalMu, value, digest: externalMu }),
    /'digest' does not go with 'external_mu'/,
  );
});

test('members of other keys are refused, and this key’s members on others', async () => {
  const bad = (body: object, text: RegExp): Promise<void> => refused(ask('POST', '/keys/none/create', body), text);
  await bad({ kty: 'AKP' }, /'alg' is required/);
  await bad({ kty: 'AKP', alg: 'ML-DSA-45' }, /Invalid alg: 'ML-DSA-45'.*ML-DSA-44, ML-DSA-65, ML-DSA-87/);
  await bad({ kty: 'AKP-HSM', alg: 'ML-DSA-44', key_size: 2048 }, /'key_size'/);
  await bad({ kty: 'AKP', alg: 'ML-DSA-44', crv: 'P-256' }, /'crv'/);
  await bad({ kty: 'AKP', alg: 'ML-DSA-44', public_exponent: 3 }, /'public_exponent'/);
  await bad({ kty: 'AKP', alg: 'ML-DSA-44', key_ops: ['encrypt'] }, /key_ops 'encrypt' is not for AKP-HSM/);
  await bad({ kty: 'EC', alg: 'ML-DSA-44' }, /'alg'/);
  assert.equal((await ask('GET', '/keys/none')).status, 404);

  await create('akp', 'ML-DSA-44');
  await done(ask('POST', '/keys/ec/create', { kty: 'EC' }));
  const value = b64(randomBytes(32));
  await refused(ask('POST', '/keys/akp/sign', { alg: 'ML-DSA-65', value }), /is of ML-DSA-44/);
  await refused(ask('POST', '/keys/akp/sign', { alg: 'ES256', value }), /does not fit a key of type AKP-HSM/);
  await refused(ask('POST', '/keys/akp/sign', {}), /'value' is required/);
  assert.equal((await ask('POST', '/keys/akp/encrypt', { alg: 'A256GCM', value })).status, 403);
  await refused(ask('POST', '/keys/ec/sign', { value }), /'alg' is required/);
  await refused(ask('POST', '/keys/ec/sign', { alg: 'ES256', value, context: 'AA' }), /'context' does not belong/);
  await refused(ask('POST', '/keys/ec/sign', { external_mu: b64(randomBytes(64)) }), /'external_mu' is for AKP keys/);
  await refused(ask('POST', '/keys/ec/sign', { alg: 'ML-DSA-44', value }), /does not fit a key of type EC-HSM/);
});

test('api-versions from before do not make or use such keys, but show and delete them', async () => {
  await refused(ask('POST', '/keys/early/create', { kty: 'AKP', alg: 'ML-DSA-44' }, BEFORE), /needs api-version/);
  const jwk = { kty: 'AKP', alg: 'ML-DSA-44', priv: b64(randomBytes(32)) };
  await refused(ask('PUT', '/keys/early', { key: jwk }, BEFORE), /needs api-version/);
  const made = await create('early', 'ML-DSA-44');
  await refused(ask('POST', '/keys/early/sign', { value: 'AA' }, BEFORE), /needs api-version/);
  assert.deepEqual(await done(ask('GET', '/keys/early', undefined, '7.4')), made);
  assert.equal((await ask('DELETE', '/keys/early', undefined, '7.4')).status, 200);
});

test('a key is imported by its seed', async () => {
  for (const alg of ALGS) {
    const { privateKey, publicKey } = generateKeyPairSync(alg.toLowerCase() as 'ml-dsa-44');
    const { priv, pub } = privateKey.export({ format: 'jwk' }) as { priv: string; pub: string };
    const { key } = await done(ask('PUT', `/keys/in-${alg}`, { key: { kty: 'AKP', alg, priv, pub } }));
    assert.deepEqual([key['kty'], key.alg, key.pub], ['AKP-HSM', alg, pub]);
    assert.equal('priv' in key, false);
    assert.equal((await done(ask('PUT', `/keys/in-${alg}`, { key: { kty: 'AKP', alg, priv } }))).key.pub, pub);
    const message = randomBytes(10);
    assert.ok(verify(null, message, publicKey, await sign(`in-${alg}`, { value: b64(message) })));
  }
  const bad = (key: object, text: RegExp): Promise<void> => refused(ask('PUT', '/keys/bad', { key }), text);
  const { pub } = await create('other', 'ML-DSA-44').then(({ key }) => key);
  const jwk = { kty: 'AKP', alg: 'ML-DSA-44', priv: b64(randomBytes(32)) };
  await bad({ ...jwk, pub }, /^pub: does not belong to priv/);
  await bad({ ...jwk, pub: 'AA' }, /^pub: /);
  for (const length of [0, 31, 33]) await bad({ ...jwk, priv: b64(randomBytes(length)) }, /^priv: must be the seed/);
  await bad({ kty: 'AKP', alg: 'ML-DSA-44' }, /'priv' is required/);
  await bad({ ...jwk, alg: 'ES256' }, /Invalid alg/);
  await bad({ kty: 'AKP', priv: jwk.priv }, /'alg' is required/);
  await bad({ ...jwk, key_hsm: 'AA' }, /key.priv' must not come with 'key_hsm'/);
});

test('versions, rotation, restarts, update and recovery are those of any key', async () => {
  const first = await create('life', 'ML-DSA-65', { tags: { a: 'b' } });
  const digest = b64(Buffer.from('signed before'));
  const value = b64(await sign('life', { value: digest }));
  await done(ask('PUT', '/keys/life/rotationpolicy', { lifetimeActions: [], attributes: { expiryTime: 'P90D' } }));
  const second = await done(ask('POST', '/keys/life/rotate'));
  assert.deepEqual([second.key['kty'], second.key.alg], ['AKP-HSM', 'ML-DSA-65']);
  assert.notEqual(second.key.pub, first.key.pub);
  assert.ok(!(await holds('life', { digest, value })));
  const version = first.key.kid.split('/').at(-1) as string;
  await done(ask('PATCH', `/keys/life/${version}`, { key_ops: ['verify'] }));
  assert.equal((await ask('POST', `/keys/life/${version}/sign`, { value: digest })).status, 403);
  assert.equal((await ask('DELETE', '/keys/life')).status, 200);
  await done(ask('POST', '/deletedkeys/life/recover'));
  await instance.restart();
  assert.ok(await holds(`life/${version}`, { digest, value }));
  assert.deepEqual((await done(ask('GET', '/keys/life'))).key, second.key);
});

test('a backup opens in another instance of the same security domain', async () => {
  const { key } = await create('away', 'ML-DSA-87');
  const digest = b64(randomBytes(9));
  const value = b64(await sign('away', { value: digest }));
  const { value: backup } = await done<{ value: string }>(ask('POST', '/keys/away/backup'));
  const there = (method: string, path: string, body: object): Promise<Reply> =>
    sibling.ask(method, `${path}?api-version=${VERSION}`, { token: siblingToken, body });
  const restored = await done(there('POST', '/keys/restore', { value: backup }));
  assert.deepEqual([restored.key['kty'], restored.key.pub], ['AKP-HSM', key.pub]);
  const verified = await done<{ value: boolean }>(there('POST', '/keys/away/verify', { digest, value }));
  assert.equal(verified.value, true);
});

test('the module attests the key and its public part', async () => {
  const { key } = await create('stated', 'ML-DSA-44');
  const bundle = await done(ask('GET', '/keys/stated//attestation'));
  const { statement } = verifyAttestation(bundle, undefined);
  assert.deepEqual([statement.key['kty'], statement.key['alg'], statement.key['pub']], ['AKP-HSM', key.alg, key.pub]);
  const other = await create('unstated', 'ML-DSA-44');
  const changed = { ...bundle, key: { ...bundle.key, pub: other.key.pub } };
  assert.throws(() => verifyAttestation(changed, undefined), /pub differs/);
});

test('an exportable key is released, as PKCS#8 with its seed', async () => {
  const enclave = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const authority = makeAuthority('https://attestation.pq.localhost/');
  const place = '/strongroom/attestation-authorities/pq';
  await done(
    instance.ask('PUT', `${place}?api-version=${VERSION}`, {
      token: await instance.adminToken(),
      body: { authority: 'https://attestation.pq.localhost', jwks: jwksOf(authority) },
    }),
  );
  const allOf = [{ claim: 'x-ms-isolation-tee.tier', equals: 'gold' }];
  const policy = { version: '1.0.0', anyOf: [{ authority: 'https://attestation.pq.localhost', allOf }] };
  const seed = randomBytes(32);
  const { key } = await done(
    ask('PUT', '/keys/leaves', {
      key: { kty: 'AKP', alg: 'ML-DSA-44', priv: b64(seed), key_ops: ['sign', 'export'] },
      attributes: { exportable: true },
      release_policy: { data: b64(Buffer.from(JSON.stringify(policy))) },
    }),
  );
  const claims = { 'x-ms-isolation-tee.tier': 'gold' };
  const now = Math.floor(Date.now() / 1000);
  const target = issueToken(authority, { enclaveKey: enclave.publicKey, claims, now, lifetime: 300 });
  const { value } = await done<{ value: string }>(ask('POST', '/keys/leaves/release', { target }));
  const opened = openRelease(value, enclave.privateKey);
  assert.deepEqual([opened.kid, opened.kty], [key.kid, 'AKP']);
  assert.deepEqual(opened.material, encodeMlDsaSeed('ML-DSA-44', seed));
});
