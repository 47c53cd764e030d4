// Import of transfer blobs over raw HTTPS: every target works afterwards, each field of a bad blob is named, and what
// does not unwrap says nothing more than that.
import assert from 'node:assert/strict';
import {
  createHash,
  createHmac,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  randomUUID,
  verify,
} from 'node:crypto';
import { after, before, test } from 'node:test';
import { places } from '../../src/deployment/data-layout.ts';
import { openEntries } from '../../src/features/audit/read-entries.ts';
import { writeTransferBlob } from '../../src/formats/transfer-blob.ts';
import { wrapForTransfer } from '../../src/formats/transfer-wrap.ts';
import { type Reply, type RunningInstance, startRunningInstance } from '../support/running-instance.ts';

let instance: RunningInstance;
let token: string;
let user: string;
const HOST = 'https://test.managedhsm.azure.net';
interface Kek {
  readonly kid: string;
  readonly publicKey: KeyObject;
}
let kek: Kek;

before(async () => {
  instance = await startRunningInstance();
  await instance.activate();
  user = randomUUID();
  await instance.assign('Managed HSM Crypto User', user);
  token = await instance.issuer.token(user);
  kek = await createKek('kek');
});
after(() => instance[Symbol.asyncDispose]());

const b64 = (bytes: Uint8Array | string): string => Buffer.from(bytes).toString('base64url');
const ask = (method: string, path: string, body?: unknown): Promise<Reply> =>
  instance.ask(method, `${path}?api-version=7.6`, { token, ...(body === undefined ? {} : { body }) });

interface Bundle {
  readonly key: Record<string, string> & { readonly kid: string };
}

async function createKek(name: string, size = 2048, ops: readonly string[] = ['import']): Promise<Kek> {
  const reply = await ask('POST', `/keys/${name}/create`, { kty: 'RSA-HSM', key_size: size, key_ops: ops });
  assert.equal(reply.status, 200, reply.text);
  const { kid, n, e } = (reply.json as Bundle).key;
  return { kid, publicKey: createPublicKey({ key: { kty: 'RSA', n: n as string, e: e as string }, format: 'jwk' }) };
}

function fileFor(target: Uint8Array, { kid, publicKey }: Kek = kek): string {
  return writeTransferBlob({ kid, ciphertext: wrapForTransfer(publicKey, target), generator: 'a test' });
}

const importFile = (name: string, file: string, key: object = { kty: 'oct-HSM' }): Promise<Reply> =>
  ask('PUT', `/keys/${name}`, { key: { ...key, key_hsm: b64(file) }, attributes: {}, Hsm: false });

async function imported(name: string, file: string, key: object): Promise<Bundle> {
  const reply = await importFile(name, file, key);
  assert.equal(reply.status, 200, reply.text);
  return reply.json as Bundle;
}

async function refused(file: string, text: RegExp, key?: object): Promise<string> {
  const reply = await importFile('refused', file, key);
  assert.equal(reply.status, 400, `${text}: ${reply.text}`);
  const { error } = reply.json as { error: { code: string; message: string } };
  assert.equal(error.code, 'BadParameter');
  assert.match(error.message, text);
  assert.equal((await ask('GET', '/keys/refused')).status, 404);
  return error.message.replace(/\(Activity ID: .*\)$/, '');
}

test('RSA keys of each size come through key-exchange keys of each size', async () => {
  for (const size of [2048, 3072, 4096]) {
    const through = await createKek(`kek-${size}`, size);
    const pair = generateKeyPairSync('rsa', { modulusLength: size });
    const file = fileFor(pair.privateKey.export({ format: 'der', type: 'pkcs8' }), through);
    const { key } = await imported(`rsa-${size}`, file, { kty: 'RSA-HSM', key_ops: ['sign'] });
    assert.equal(key['n'], pair.publicKey.export({ format: 'jwk' }).n);
    const digest = createHash('sha256').update('x').digest();
    const signed = await ask('POST', `/keys/rsa-${size}/sign`, { alg: 'RS256', value: b64(digest) });
    const signature = Buffer.from((signed.json as { value: string }).value, 'base64url');
    assert.ok(verify('sha256', Buffer.from('x'), pair.publicKey, signature));
  }
});

test('EC keys on the four curves and symmetric keys of three sizes come through', async () => {
  for (const [crv, namedCurve] of [
    ['P-256', 'prime256v1'],
    ['P-256K', 'secp256k1'],
    ['P-384', 'secp384r1'],
    ['P-521', 'secp521r1'],
  ] as const) {
    const pair = generateKeyPairSync('ec', { namedCurve });
    const file = fileFor(pair.privateKey.export({ format: 'der', type: 'pkcs8' }));
    const { key } = await imported(`ec-${crv}`, file, { kty: 'EC-HSM', crv });
    const { x, y } = pair.publicKey.export({ format: 'jwk' });
    assert.deepEqual([key['kty'], key['crv'], key['x'], key['y']], ['EC-HSM', crv, x, y]);
  }
  for (const size of [16, 24, 32]) {
    const k = randomBytes(size);
    await imported(`oct-${size}`, fileFor(k), { kty: 'oct-HSM', key_ops: ['sign'] });
    const path = `/keys/oct-${size}/sign?api-version=7.6-preview.2`;
    const reply = await instance.ask('POST', path, { token, body: { alg: 'HS256', value: b64('x') } });
    assert.equal((reply.json as { value: string }).value, createHmac('sha256', k).update('x').digest('base64url'));
  }
});

test('the key-exchange key may be named by any version and in any spelling of the host', async () => {
  const name = new URL(kek.kid).pathname.split('/')[2];
  for (const kid of [
    kek.kid,
    `${HOST}/keys/${name}`,
    `${HOST}/keys/${name}/`,
    kek.kid.replace('test.', 'TEST.').replace('.net/', '.net:443/'),
  ]) {
    await imported('spelled', fileFor(randomBytes(32), { ...kek, kid }), { kty: 'oct' });
  }
  const older = await createKek('turned');
  const newer = await createKek('turned');
  await imported('through-old', fileFor(randomBytes(32), older), { kty: 'oct-HSM' });
  await imported('through-new', fileFor(randomBytes(32), newer), { kty: 'oct-HSM' });
});

test('each wrong field of the file is named', async () => {
  const good = JSON.parse(fileFor(randomBytes(32))) as Record<string, unknown> & { header: object; ciphertext: string };
  const edits: readonly (readonly [unknown, RegExp])[] = [
    [{ ...good, schema_version: '2.0.0' }, /schema_version: must be '1.0.0'/],
    [{ ...good, schema_version: undefined }, /schema_version: is missing/],
    [{ ...good, header: undefined }, /header: is missing/],
    [{ ...good, header: [] }, /header: must be an object/],
    [{ ...good, header: { ...good.header, kid: undefined } }, /header\.kid: is missing/],
    [{ ...good, header: { ...good.header, kid: 5 } }, /header\.kid: must be a string/],
    [{ ...good, header: { ...good.header, alg: 'RSA-OAEP' } }, /header\.alg: must be 'dir'/],
    [{ ...good, header: { ...good.header, enc: 'CKM_AES' } }, /header\.enc: must be 'CKM_RSA_AES_KEY_WRAP'/],
    [{ ...good, ciphertext: undefined }, /ciphertext: is missing/],
    [{ ...good, ciphertext: '' }, /ciphertext: is empty/],
    [{ ...good, ciphertext: 'a b' }, /ciphertext: is not base64url/],
    [{ ...good, ciphertext: 'A'.repeat(40_000) }, /ciphertext: has more than/],
    [{ ...good, ciphertext: b64(Buffer.alloc(256)) }, /ciphertext: has 256 bytes/],
    [{ ...good, generator: 7 }, /generator: must be a string/],
    [[], /the file: must be an object/],
  ];
  for (const [blob, text] of edits) await refused(JSON.stringify(blob), text);
  await refused('{', /the file: is not JSON/);
  const notText = await ask('PUT', '/keys/refused', { key: { kty: 'oct-HSM', key_hsm: '{}' } });
  assert.match(notText.text, /'key_hsm' is not base64url/);
  const both = await ask('PUT', '/keys/refused', { key: { kty: 'oct-HSM', key_hsm: b64('{}'), k: 'AA' } });
  assert.match(both.text, /'key\.k' must not come with 'key_hsm'/);
});

test('the key named must be a key-exchange key of this HSM, and enabled', async () => {
  const through = (kid: string): string => fileFor(randomBytes(32), { ...kek, kid });
  for (const kid of [
    'kek',
    'http://test.managedhsm.azure.net/keys/kek',
    `${HOST}/secrets/kek`,
    `${HOST}/keys/kek/a/b`,
    `${HOST}/keys/kek?x=1`,
  ]) {
    await refused(through(kid), /header\.kid: is not a key identifier/);
  }
  await refused(through('https://other.managedhsm.azure.net/keys/kek'), /header\.kid: is of another HSM/);
  await refused(through(`${HOST}/keys/nobody`), /header\.kid: names no key of this HSM/);
  await refused(through(`${HOST}/keys/kek/${'0'.repeat(32)}`), /header\.kid: names no key of this HSM/);
  const ordinary = await createKek('ordinary', 2048, ['unwrapKey', 'decrypt']);
  await refused(fileFor(randomBytes(32), ordinary), /no key-exchange key/);
  await ask('POST', '/keys/curve/create', { kty: 'EC-HSM' });
  await refused(through(`${HOST}/keys/curve`), /no key-exchange key/);
  const off = await createKek('off');
  await ask('PATCH', '/keys/off/', { attributes: { enabled: false } });
  await refused(fileFor(randomBytes(32), off), /header\.kid: names a key-exchange key that is disabled/);
});

test('a key-exchange key does nothing else and cannot be made to', async () => {
  const ciphertext = b64(wrapForTransfer(kek.publicKey, randomBytes(32)).subarray(0, 256));
  for (const operation of ['decrypt', 'unwrapkey']) {
    assert.equal((await ask('POST', `/keys/kek/${operation}`, { alg: 'RSA-OAEP', value: ciphertext })).status, 403);
  }
  for (const key_ops of [['decrypt'], ['unwrapKey'], ['import', 'decrypt']]) {
    const reply = await ask('PATCH', '/keys/kek/', { key_ops });
    assert.equal(reply.status, 400, JSON.stringify(key_ops));
    assert.match(reply.text, /'import' is fixed|'import' is for RSA-HSM keys and excludes/);
  }
  // An empty list says nothing of them.
  const untouched = await ask('PATCH', '/keys/kek/', { key_ops: [] });
  assert.deepEqual((untouched.json as { key: { key_ops: unknown } }).key.key_ops, ['import']);
  await ask('POST', '/keys/never/create', { kty: 'RSA-HSM', key_ops: ['decrypt'] });
  assert.equal((await ask('PATCH', '/keys/never/', { key_ops: ['import'] })).status, 400);
});

test('whatever does not unwrap gets one answer', async () => {
  const good = wrapForTransfer(kek.publicKey, randomBytes(32));
  const texts = new Set<string>();
  for (const at of [0, 128, 255, 256, 270, good.length - 1]) {
    const ciphertext = Buffer.from(good);
    ciphertext[at] = (ciphertext[at] as number) ^ 0x55;
    texts.add(await refused(writeTransferBlob({ kid: kek.kid, ciphertext, generator: '' }), /does not unwrap/));
  }
  const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey;
  texts.add(await refused(fileFor(randomBytes(32), { ...kek, publicKey: stranger }), /does not unwrap/));
  assert.equal(texts.size, 1);
});

test('what unwraps to another key than was said is refused by the member', async () => {
  const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'der', type: 'pkcs8' });
  const small = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey.export({ format: 'der', type: 'pkcs8' });
  await refused(fileFor(p256), /^k: Invalid key size/, { kty: 'oct-HSM' });
  await refused(fileFor(p256), /^kty: what was wrapped is an EC key/, { kty: 'RSA-HSM' });
  await refused(fileFor(p256), /^crv: what was wrapped is a key on P-256/, { kty: 'EC-HSM', crv: 'P-521' });
  await refused(fileFor(small), /^n: Invalid key size: '1024'/, { kty: 'RSA-HSM' });
});

test('where a key came from stays with it, is shown, and is in the record', async () => {
  const file = fileFor(randomBytes(32));
  const { key } = await imported('traced', file, { kty: 'oct-HSM' });
  const shown = await ask('GET', `/strongroom${new URL(key.kid).pathname}/provenance`);
  assert.equal(shown.status, 200, shown.text);
  const { at, authorisedBy, ...rest } = shown.json as Record<string, unknown>;
  assert.ok(Math.abs(Number(at) - Date.now() / 1000) < 60);
  assert.match(String(authorisedBy), /^[0-9a-f-]{36}$/);
  const { n, e } = kek.publicKey.export({ format: 'jwk' });
  assert.deepEqual(rest, {
    kid: key.kid,
    source: 'byok',
    by: user,
    kek: new URL(kek.kid).pathname,
    kekThumbprint: createHash('sha256').update(`{"e":"${e}","kty":"RSA","n":"${n}"}`).digest('base64url'),
    blobHash: createHash('sha256').update(file).digest('base64url'),
    generator: 'a test',
  });
  const log = openEntries(places(instance.folder).instance('test').audit);
  const entries = [...log.from(0)].map(({ text }) => JSON.parse(text) as Record<string, string>);
  const entry = entries.findLast((one) => one['operationName'] === 'KeyImport');
  assert.match(entry?.['resultDescription'] ?? '', new RegExp(`"source":"byok".*${String(rest['blobHash'])}`));
  const generated = await ask('GET', `/strongroom${new URL(kek.kid).pathname}/provenance`);
  assert.equal((generated.json as { source: string }).source, 'generated');
  await ask('PUT', '/keys/plain', { key: { kty: 'oct', k: b64(randomBytes(32)) } });
  const plain = ((await ask('GET', '/keys/plain')).json as Bundle).key.kid;
  const told = await ask('GET', `/strongroom${new URL(plain).pathname}/provenance`);
  assert.equal((told.json as { source: string }).source, 'plain-jwk');
  assert.equal((await ask('GET', `/strongroom/keys/traced/${'0'.repeat(32)}/provenance`)).status, 404);
  // A change of attributes leaves it alone.
  await ask('PATCH', '/keys/traced/', { tags: { a: 'b' } });
  assert.deepEqual((await ask('GET', `/strongroom${new URL(key.kid).pathname}/provenance`)).json, shown.json);
});
