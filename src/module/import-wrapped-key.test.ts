import assert from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import { before, test } from 'node:test';
import type { KeyBinding } from '../crypto/protocol/messages.ts';
import { policyBinding } from '../formats/policy-binding.ts';
import { wrapForTransfer } from '../formats/transfer-wrap.ts';
import { makeCustodian } from './custodians.fixture.ts';
import { ask, bindingOf, newFolder, openModule } from './key-module.fixture.ts';
import type { KeyModule } from './key-module.ts';

const folder = newFolder();
const kekBinding = bindingOf('RSA-HSM', ['import'], { name: 'kek' });
const oct = bindingOf('oct-HSM', ['encrypt', 'decrypt']);
let kekBlob: Uint8Array;
let kek: ReturnType<typeof createPublicKey>;

before(async () => {
  const certificates = (await Promise.all(['a', 'b', 'c'].map((name) => makeCustodian(name)))).map(
    (c) => c.certificate,
  );
  await using module = openModule(folder);
  await ask(module, 'provision', { instanceId: 'i-1', instanceName: 'dev' });
  await ask(module, 'downloadSecurityDomain', { certificates, required: 2 });
  const made = await ask(module, 'createKey', {
    binding: kekBinding,
    size: 2048,
    curve: '',
    publicExponent: 65537,
    alg: '',
  });
  kekBlob = Buffer.from(made.blob);
  const { n, e } = made.publicKey as { n: string; e: string };
  kek = createPublicKey({ key: { kty: 'RSA', n, e }, format: 'jwk' });
});

function importWrapped(module: KeyModule, ciphertext: Uint8Array, binding: KeyBinding = oct, crv = '') {
  return ask(module, 'importWrappedKey', { kekBinding, kekBlob, binding, crv, ciphertext });
}

test('what was wrapped for the key-exchange key is the key afterwards', async () => {
  await using module = openModule(folder);
  const rsa = generateKeyPairSync('rsa', { modulusLength: 3072 });
  const der = rsa.privateKey.export({ format: 'der', type: 'pkcs8' });
  const made = await importWrapped(module, wrapForTransfer(kek, der), bindingOf('RSA-HSM', ['sign']));
  assert.deepEqual(made.publicKey, { kty: 'RSA-HSM', n: rsa.publicKey.export({ format: 'jwk' }).n, e: 'AQAB' });
  const symmetric = await importWrapped(module, wrapForTransfer(kek, randomBytes(24)));
  assert.deepEqual(symmetric.publicKey, { kty: 'oct-HSM', size: 192 });
});

test('a private key is taken with the few zero bytes that some tokens leave behind it', async () => {
  await using module = openModule(folder);
  const der = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'der', type: 'pkcs8' });
  const asked = (rest: Buffer) =>
    importWrapped(module, wrapForTransfer(kek, Buffer.concat([der, rest])), bindingOf('EC-HSM', ['sign']), 'P-256');
  await asked(Buffer.alloc(7));
  await assert.rejects(asked(Buffer.from([0, 1])), { code: 'BadRequest' });
});

test('every way in which a ciphertext does not unwrap is one refusal', async () => {
  await using module = openModule(folder);
  const good = wrapForTransfer(kek, randomBytes(32));
  const texts = new Set<string>();
  const failed = async (ciphertext: Buffer): Promise<void> => {
    await assert.rejects(importWrapped(module, ciphertext), (error: Error & { code: string }) => {
      texts.add(`${error.code} ${error.message}`);
      return true;
    });
  };
  for (const at of [0, 1, 100, 255, 256, 260, good.length - 1]) {
    const bad = Buffer.from(good);
    bad[at] = (bad[at] as number) ^ 1;
    await failed(bad);
  }
  await failed(Buffer.concat([Buffer.alloc(256, 0xff), good.subarray(256)]));
  await failed(Buffer.concat([good, Buffer.alloc(8)]));
  await failed(good.subarray(0, good.length - 8));
  const other = createPublicKey(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey);
  await failed(wrapForTransfer(other, randomBytes(32)));
  assert.deepEqual([...texts], ['CryptoFailed ciphertext: does not unwrap with this key-exchange key']);
});

test('a ciphertext of an impossible length is refused with the lengths', async () => {
  await using module = openModule(folder);
  for (const length of [0, 100, 256, 264, 271, 280 - 1]) {
    await assert.rejects(importWrapped(module, randomBytes(length)), {
      code: 'BadRequest',
      message: /^ciphertext: has /,
    });
  }
});

test('what unwraps to another key than was said is refused by the member', async () => {
  await using module = openModule(folder);
  const pkcs8 = (type: 'rsa' | 'ec' | 'ed25519', options: object): Buffer =>
    generateKeyPairSync(type as 'rsa', options as { modulusLength: number }).privateKey.export({
      format: 'der',
      type: 'pkcs8',
    });
  const p256 = pkcs8('ec', { namedCurve: 'P-256' });
  const refused = async (target: Uint8Array, binding: KeyBinding, crv: string, message: RegExp): Promise<void> => {
    await assert.rejects(importWrapped(module, wrapForTransfer(kek, target), binding, crv), {
      code: 'BadRequest',
      message,
    });
  };
  const rsa = bindingOf('RSA-HSM', ['sign']);
  const ec = bindingOf('EC-HSM', ['sign']);
  await refused(p256, rsa, '', /^kty: what was wrapped is an EC key/);
  await refused(pkcs8('rsa', { modulusLength: 2048 }), ec, 'P-256', /^kty: what was wrapped is an RSA key/);
  await refused(p256, ec, 'P-384', /^crv: what was wrapped is a key on P-256/);
  await refused(pkcs8('rsa', { modulusLength: 1024 }), rsa, '', /^n: Invalid key size: '1024'/);
  await refused(pkcs8('ed25519', {}), ec, 'P-256', /^kty: what was wrapped is not the PKCS#8/);
  await refused(randomBytes(40), rsa, '', /^kty: what was wrapped is not the PKCS#8/);
  await refused(Buffer.concat([p256, Buffer.alloc(8)]), ec, 'P-256', /^kty: what was wrapped is not the PKCS#8/);
  await refused(randomBytes(20), oct, '', /^k: Invalid key size: '160'/);
});

test('no key from outside wraps keys that nobody may see', async () => {
  await using module = openModule(folder);
  const secure = { ...bindingOf('oct-HSM', ['secureWrapKey']), releasePolicy: policyBinding(Buffer.from('{}'), false) };
  const refused = { code: 'BadRequest', message: /^key_ops: has secure wrapping on a key from outside/ };
  await assert.rejects(importWrapped(module, wrapForTransfer(kek, randomBytes(32)), secure), refused);
  const [none, k] = [Buffer.alloc(0), randomBytes(32)];
  const rsa = { n: none, e: none, d: none, p: none, q: none, dp: none, dq: none, qi: none };
  const others = { crv: '', x: none, y: none, alg: '', priv: none, pub: none };
  await assert.rejects(ask(module, 'importKey', { binding: secure, k, ...rsa, ...others }), refused);
});

test('only a key for import alone unwraps, and it can never become another or be made of one', async () => {
  await using module = openModule(folder);
  const binding = bindingOf('RSA-HSM', ['decrypt', 'unwrapKey'], { name: 'kek2' });
  const { blob, publicKey } = await ask(module, 'createKey', {
    binding,
    size: 2048,
    curve: '',
    publicExponent: 65537,
    alg: '',
  });
  const { n, e } = publicKey as { n: string; e: string };
  const ciphertext = wrapForTransfer(createPublicKey({ key: { kty: 'RSA', n, e }, format: 'jwk' }), randomBytes(32));
  const asked = { kekBinding: binding, kekBlob: blob, binding: oct, crv: '', ciphertext };
  await assert.rejects(ask(module, 'importWrappedKey', asked), { code: 'OperationNotAllowed' });
  const pretended = { ...asked, kekBinding: { ...binding, keyOps: ['import'] } };
  await assert.rejects(ask(module, 'importWrappedKey', pretended), { code: 'KeyRefused' });
  for (const [from, to, sealed] of [
    [binding, { ...binding, keyOps: ['import'] }, blob],
    [kekBinding, { ...kekBinding, keyOps: ['decrypt'] }, kekBlob],
    [kekBinding, { ...kekBinding, keyOps: [] }, kekBlob],
  ] as const) {
    await assert.rejects(ask(module, 'rebindKey', { binding: from, blob: sealed, newBinding: to }), {
      code: 'BadRequest',
      message: /^key_ops/,
    });
  }
});
