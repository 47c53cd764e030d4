import assert from 'node:assert/strict';
import {
  constants,
  createDecipheriv,
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  privateDecrypt,
  publicEncrypt,
  randomBytes,
  verify,
  X509Certificate,
} from 'node:crypto';
import { readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import type { KeyBinding, ReplyOf } from '../crypto/protocol/messages.ts';
import { policyBinding } from '../formats/policy-binding.ts';
import { makeCustodian } from './custodians.fixture.ts';
import { sealKey } from './key-blobs.ts';
import { ask, bindingOf, newFolder, openModule } from './key-module.fixture.ts';
import type { KeyModule } from './key-module.ts';

const folder = newFolder();
const enclave = generateKeyPairSync('rsa', { modulusLength: 2048 });
const { n = '', e = '' } = enclave.publicKey.export({ format: 'jwk' });
const target = { kid: 'enclave-1', n, e };
const canonical = Buffer.from('{"anyOf":[]}');
const policy = { contentType: 'application/json; charset=utf-8', data: canonical.toString('base64url') };
const loose = { exportable: true, releasePolicy: policyBinding(canonical, false) };
/** Of a key that wraps for enclaves: it never leaves. */
const secured = { ...loose, exportable: false };
const fixed = { exportable: true, releasePolicy: policyBinding(canonical, true) };

before(async () => {
  const certificates = (await Promise.all(['a', 'b', 'c'].map((name) => makeCustodian(name)))).map(
    (custodian) => custodian.certificate,
  );
  await using module = openModule(folder);
  await ask(module, 'provision', { instanceId: 'i-1', instanceName: 'dev' });
  await ask(module, 'downloadSecurityDomain', { certificates, required: 2 });
});

function create(module: KeyModule, binding: KeyBinding): Promise<ReplyOf<'createKey'>> {
  const size = binding.kty === 'RSA-HSM' ? 2048 : binding.kty === 'oct-HSM' ? 256 : 0;
  const curve = binding.kty === 'EC-HSM' ? 'P-384' : '';
  return ask(module, 'createKey', {
    binding,
    size,
    curve,
    publicExponent: binding.kty === 'RSA-HSM' ? 65537 : 0,
    alg: '',
  });
}

async function release(module: KeyModule, binding: KeyBinding, blob: Uint8Array, rest: object = {}): Promise<string> {
  const { token } = await ask(module, 'releaseKey', {
    binding,
    blob,
    target,
    enc: 'CKM_RSA_AES_KEY_WRAP',
    request: { 'api-version': '7.5', kid: 'k' },
    kid: 'https://h/keys/a-key/v',
    attributes: { exportable: true },
    policy: { ...policy, immutable: binding.releasePolicy.startsWith('immutable:') },
    ...rest,
  });
  return token;
}

interface Token {
  readonly header: { readonly alg: string; readonly kid: string; readonly x5c: readonly string[] };
  readonly payload: {
    readonly request: Record<string, unknown>;
    readonly response: { readonly key: { readonly key: Record<string, string>; readonly release_policy: unknown } };
  };
}

function read(token: string): Token {
  const [header = '', payload = '', signature = ''] = token.split('.');
  const json = (part: string): unknown => JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
  const parsed = { header: json(header), payload: json(payload) } as Token;
  const chain = parsed.header.x5c.map((der) => new X509Certificate(Buffer.from(der, 'base64')));
  const [leaf, root] = chain as [X509Certificate, X509Certificate];
  assert.ok(leaf.verify(root.publicKey) && root.verify(root.publicKey) && leaf.checkIssued(root) && root.ca);
  assert.ok(!leaf.ca);
  assert.equal(parsed.header.kid, createHash('sha256').update(leaf.raw).digest('base64url'));
  const input = Buffer.from(`${header}.${payload}`);
  assert.ok(verify('sha256', input, leaf.publicKey, Buffer.from(signature, 'base64url')));
  return parsed;
}

function unwrap(keyHsm: string, hash: string): Buffer {
  const { ciphertext } = JSON.parse(Buffer.from(keyHsm, 'base64url').toString('utf8')) as { ciphertext: string };
  const bytes = Buffer.from(ciphertext, 'base64url');
  const padding = constants.RSA_PKCS1_OAEP_PADDING;
  const kek = privateDecrypt({ key: enclave.privateKey, padding, oaepHash: hash }, bytes.subarray(0, 256));
  const decipher = createDecipheriv('id-aes256-wrap-pad', kek, Buffer.from('a65959a6', 'hex'));
  return Buffer.concat([decipher.update(bytes.subarray(256)), decipher.final()]);
}

const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'done',
    (error: unknown) => `${(error as { code: string }).code}: ${(error as Error).message}`,
  );

test('a released key opens with the enclave key alone, in every mode and of every type', async () => {
  await using module = openModule(folder);
  for (const [kty, ops] of [
    ['RSA-HSM', ['sign', 'verify']],
    ['EC-HSM', ['sign', 'verify', 'export']],
    ['oct-HSM', ['encrypt', 'decrypt']],
  ] as const) {
    const binding = bindingOf(kty, ops, loose);
    const { blob, publicKey } = await create(module, binding);
    for (const [enc, hash] of [
      ['CKM_RSA_AES_KEY_WRAP', 'sha1'],
      ['RSA_AES_KEY_WRAP_256', 'sha256'],
      ['RSA_AES_KEY_WRAP_384', 'sha384'],
    ] as const) {
      const { key } = read(await release(module, binding, blob, { enc })).payload.response.key;
      assert.equal(key['kty'], kty.replace('-HSM', ''));
      const material = unwrap(key['key_hsm'] ?? '', hash);
      if (kty === 'oct-HSM') assert.equal(material.length, 32);
      else {
        const jwk = createPrivateKey({ key: material, format: 'der', type: 'pkcs8' }).export({ format: 'jwk' });
        const { kty: _, ...members } = publicKey as Record<string, string>;
        const leaving = jwk as Record<string, unknown>;
        for (const [name, value] of Object.entries(members)) {
          assert.equal(leaving[name], value);
          assert.equal(key[name], value);
        }
      }
    }
  }
});

test('only a key made to be released leaves, under the policy it is bound to and to a proper target', async () => {
  await using module = openModule(folder);
  const plain = bindingOf('oct-HSM', ['encrypt']);
  const { blob: plainBlob } = await create(module, plain);
  assert.match(await codeOf(release(module, plain, plainBlob)), /^OperationNotAllowed/);
  assert.match(await codeOf(release(module, { ...plain, ...loose }, plainBlob)), /^KeyRefused/);
  const binding = bindingOf('oct-HSM', ['encrypt'], loose);
  const { blob } = await create(module, binding);
  const other = { ...policy, immutable: false, data: Buffer.from('{"anyOf":[1]}').toString('base64url') };
  for (const [rest, refusal] of [
    [{ policy: other }, /^KeyRefused: the policy/],
    [{ policy: { ...policy, immutable: true } }, /^KeyRefused: the policy/],
    [{ policy: { data: 1 } }, /^BadRequest: policy/],
    [{ policy: { ...policy, immutable: false, data: '*' } }, /^BadRequest: policy/],
    [{ enc: 'none' }, /^BadRequest: enc/],
    [{ request: [] }, /^BadRequest: request/],
    [{ attributes: null }, /^BadRequest: attributes/],
    [{ target: {} }, /^BadRequest: target/],
    [{ target: { ...target, kid: '' } }, /^BadRequest: target/],
    [{ target: { ...target, n: 'AQAB' } }, /^BadRequest: target/],
    [{ target: { ...target, e: 'AQ' } }, /^BadRequest: target/],
    [{ target: { ...target, n: 7 } }, /^BadRequest: target/],
  ] as const) {
    assert.match(await codeOf(release(module, binding, blob, rest)), refusal);
  }
});

test('exportable and policy go together, and an immutable policy stays', async () => {
  await using module = openModule(folder);
  const making = (rest: Partial<KeyBinding>): Promise<string> =>
    codeOf(create(module, bindingOf('oct-HSM', ['encrypt'], rest)));
  assert.match(await making({ exportable: true }), /^BadRequest: release_policy/);
  assert.match(await making({ releasePolicy: loose.releasePolicy }), /^BadRequest: release_policy/);
  assert.match(await making({ exportable: true, releasePolicy: 'immutable:' }), /^BadRequest: release_policy/);
  const from = bindingOf('oct-HSM', ['encrypt'], loose);
  const { blob } = await create(module, from);
  const rebind = (binding: KeyBinding, sealed: Uint8Array, rest: Partial<KeyBinding>): Promise<ReplyOf<'rebindKey'>> =>
    ask(module, 'rebindKey', { binding, blob: sealed, newBinding: { ...binding, ...rest } });
  const otherPolicy = policyBinding(Buffer.from('{}'), false);
  await rebind(from, blob, { releasePolicy: otherPolicy });
  assert.match(await codeOf(rebind(from, blob, { exportable: false, releasePolicy: '' })), /^BadRequest: newBinding/);
  const { blob: locked } = await rebind(from, blob, fixed);
  const now = { ...from, ...fixed };
  for (const releasePolicy of [loose.releasePolicy, otherPolicy, '', policyBinding(Buffer.from('{}'), true)]) {
    assert.match(await codeOf(rebind(now, locked, { releasePolicy })), /^BadRequest: newBinding.*immutable/);
  }
  // A lie about the present binding does not open the blob.
  assert.match(await codeOf(rebind(from, locked, { releasePolicy: otherPolicy })), /^KeyRefused/);
  await rebind(now, locked, { keyOps: ['decrypt'] });
  read(await release(module, now, locked));
});

test('the identity is one for all partitions and restarts; a damaged one is refused, a missing one made', async () => {
  await using first = openModule(folder);
  await using second = openModule(folder);
  const binding = bindingOf('EC-HSM', ['sign'], loose);
  const { blob } = await create(first, binding);
  const path = join(folder, 'attestation.sealed');
  unlinkSync(path);
  const tokens = await Promise.all([first, second].map((module) => release(module, binding, blob)));
  const [kid, ...others] = tokens.map((token) => read(token).header.kid);
  assert.deepEqual(others, [kid]);
  const roots = tokens.map((token) => new X509Certificate(Buffer.from(read(token).header.x5c[1] ?? '', 'base64')));
  const bytes = readFileSync(path);
  bytes[40] = (bytes[40] ?? 0) ^ 1;
  writeFileSync(path, bytes);
  await using third = openModule(folder);
  assert.match(await codeOf(release(third, binding, blob)), /^RecordRefused/);
  unlinkSync(path);
  const again = read(await release(third, binding, blob)).header;
  assert.notEqual(again.kid, kid);
  const newRoot = new X509Certificate(Buffer.from(again.x5c[1] ?? '', 'base64'));
  assert.ok(roots[0]?.publicKey.equals(newRoot.publicKey), 'the root is a root key and stays');
});

test('a key made inside leaves wrapped and comes back for the enclave alone', async () => {
  await using module = openModule(folder);
  const ops = ['secureWrapKey', 'secureUnwrapKey'];
  for (const [kty, names] of [
    ['RSA-HSM', ['RSA-OAEP-256']],
    ['oct-HSM', ['A256KW', 'A256KWPAD', 'CKM_AES_KEY_WRAP', 'CKM_AES_KEY_WRAP_PAD']],
  ] as const) {
    const binding = bindingOf(kty, ops, secured);
    const { blob } = await create(module, binding);
    for (const algorithm of names) {
      const { wrapped } = await ask(module, 'secureWrap', { binding, blob, algorithm });
      const { value } = await ask(module, 'secureUnwrap', { binding, blob, algorithm, wrapped, target });
      const padding = constants.RSA_PKCS1_OAEP_PADDING;
      const made = privateDecrypt({ key: enclave.privateKey, padding, oaepHash: 'sha256' }, value);
      assert.equal(made.length, 32);
      assert.ok(!Buffer.from(wrapped).includes(made));
      const bad = Buffer.from(wrapped);
      bad[9] = (bad[9] ?? 0) ^ 1;
      const refused = codeOf(ask(module, 'secureUnwrap', { binding, blob, algorithm, wrapped: bad, target }));
      assert.match(await refused, /^CryptoFailed/);
    }
    for (const algorithm of ['A128KW', 'RSA1_5', '']) {
      assert.match(await codeOf(ask(module, 'secureWrap', { binding, blob, algorithm })), /^AlgorithmNotSupported/);
    }
  }
  const usual = bindingOf('oct-HSM', ['wrapKey', 'unwrapKey', 'export'], loose);
  const { blob } = await create(module, usual);
  const wrap = codeOf(ask(module, 'secureWrap', { binding: usual, blob, algorithm: 'A256KW' }));
  assert.match(await wrap, /^OperationNotAllowed/);
  const closed = codeOf(create(module, bindingOf('oct-HSM', ['secureWrapKey'])));
  assert.match(await closed, /^BadRequest: release_policy/);
});

test('a key wrapped by the ordinary operation does not come back as one made inside, unless it is 32 bytes', async () => {
  await using module = openModule(folder);
  const binding = bindingOf('RSA-HSM', ['secureUnwrapKey'], secured);
  const { blob, publicKey } = await create(module, binding);
  const { n: modulus, e: exponent } = publicKey as { n: string; e: string };
  const key = createPublicKey({ key: { kty: 'RSA', n: modulus, e: exponent }, format: 'jwk' });
  const short = publicEncrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' }, Buffer.alloc(16));
  const asked = ask(module, 'secureUnwrap', { binding, blob, algorithm: 'RSA-OAEP-256', wrapped: short, target });
  assert.match(await codeOf(asked), /^CryptoFailed/);
});

test('a key that wraps securely neither unwraps in the clear nor ever changes into one that does', async () => {
  await using module = openModule(folder);
  for (const open of ['encrypt', 'decrypt', 'wrapKey', 'unwrapKey']) {
    const mixed = bindingOf('oct-HSM', ['secureWrapKey', open], secured);
    assert.match(await codeOf(create(module, mixed)), /^BadRequest.*beside secure wrapping/);
  }
  const secure = bindingOf('oct-HSM', ['secureWrapKey', 'secureUnwrapKey'], secured);
  const usual = bindingOf('oct-HSM', ['wrapKey'], loose);
  for (const [from, keyOps] of [
    [secure, ['unwrapKey']],
    [secure, ['sign']],
    [secure, []],
    [usual, ['secureWrapKey']],
  ] as const) {
    const { blob } = await create(module, from);
    const rebound = ask(module, 'rebindKey', { binding: from, blob, newBinding: { ...from, keyOps } });
    assert.match(await codeOf(rebound), /^BadRequest.*secure wrapping is fixed/);
  }
  const { blob } = await create(module, secure);
  await ask(module, 'rebindKey', { binding: secure, blob, newBinding: { ...secure, keyOps: ['secureUnwrapKey'] } });
});

test('a key that wraps for enclaves is never released, be it made as now or exportable as once', async () => {
  await using module = openModule(folder);
  const ops = ['secureWrapKey', 'secureUnwrapKey'];
  const now = bindingOf('oct-HSM', ops, secured);
  const { blob } = await create(module, now);
  assert.match(await codeOf(release(module, now, blob)), /^OperationNotAllowed/);
  // A lie about what it is does not open the blob.
  for (const lie of [{ exportable: true }, { keyOps: ['sign'], exportable: true }]) {
    assert.match(await codeOf(release(module, { ...now, ...lie }, blob)), /^(?:KeyRefused|OperationNotAllowed)/);
  }
  const once = bindingOf('oct-HSM', ops, loose);
  assert.match(await codeOf(create(module, once)), /^BadRequest: exportable: does not go with secure wrapping/);
  const usual = bindingOf('oct-HSM', ['sign'], loose);
  const { blob: leaving } = await create(module, usual);
  read(await release(module, usual, leaving));
});

test('a key for secure wrapping that was made exportable once still serves, is sealed anew, and is not released', async () => {
  await using module = openModule(folder);
  const once = bindingOf('oct-HSM', ['secureWrapKey', 'secureUnwrapKey'], loose);
  const blob = sealKey(module.provisioned, once, randomBytes(32));
  assert.match(await codeOf(release(module, once, blob)), /^OperationNotAllowed: key_ops/);
  const { wrapped } = await ask(module, 'secureWrap', { binding: once, blob, algorithm: 'A256KW' });
  const { value } = await ask(module, 'secureUnwrap', { binding: once, blob, algorithm: 'A256KW', wrapped, target });
  assert.equal(value.length, 256);
  const newBinding = { ...once, ...fixed };
  const rebound = await ask(module, 'rebindKey', { binding: once, blob, newBinding });
  assert.match(await codeOf(release(module, newBinding, rebound.blob)), /^OperationNotAllowed: key_ops/);
  const versions = [{ binding: once, blob: Buffer.from(blob).toString('base64url'), rest: {} }];
  const { value: backup } = await ask(module, 'backupKey', { versions, rest: {} });
  await ask(module, 'restoreKey', { value: backup });
});
