import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import fc from 'fast-check';
import type { KeyBinding, ReplyOf } from '../crypto/protocol/messages.ts';
import { algorithms, operations } from '../formats/algorithms.ts';
import { makeCustodian } from './custodians.fixture.ts';
import { ask, bindingOf, newFolder, openModule } from './key-module.fixture.ts';
import type { KeyModule } from './key-module.ts';

const NONE = Buffer.alloc(0);
const folder = newFolder();
let certificates: string[] = [];

before(async () => {
  certificates = (await Promise.all(['a', 'b', 'c'].map((name) => makeCustodian(name)))).map((c) => c.certificate);
  await using module = openModule(folder);
  await ask(module, 'provision', { instanceId: 'i-1', instanceName: 'dev' });
  await ask(module, 'downloadSecurityDomain', { certificates, required: 2 });
});

function createOct(module: KeyModule, binding: KeyBinding): Promise<ReplyOf<'createKey'>> {
  return ask(module, 'createKey', { binding, size: 256, curve: '', publicExponent: 0, alg: '' });
}

function operate(module: KeyModule, handle: number, operation: keyof typeof operations, name: string, input: Buffer) {
  const algorithm = algorithms.get(name)?.code ?? 0;
  const { code } = operations[operation];
  return ask(module, 'operate', { handle, operation: code, algorithm, input, proof: NONE, iv: NONE, aad: NONE });
}

test('a key made by one partition works in another, with the same bytes', async () => {
  await using first = openModule(folder);
  await using second = openModule(folder);
  const binding = bindingOf('oct-HSM', ['sign', 'verify']);
  const { blob, publicKey } = await createOct(first, binding);
  assert.deepEqual(publicKey, { kty: 'oct-HSM', size: 256 });
  const input = randomBytes(10);
  const outputs = await Promise.all(
    [first, second].map(async (module) => {
      const { handle } = await ask(module, 'openKey', { binding, blob });
      return (await operate(module, handle, 'sign', 'HS256', input)).output;
    }),
  );
  assert.deepEqual(outputs[0], outputs[1]);
});

test('what is made quickly does not wait behind RSA keys that are being made', async () => {
  await using module = openModule(folder);
  const asked = { size: 0, curve: '', publicExponent: 0, alg: '' };
  const rsa = [1, 2].map(() =>
    module.createKey({ ...asked, binding: bindingOf('RSA-HSM', ['sign']), size: 2048, publicExponent: 65537 }),
  );
  const quick = [
    module.createKey({ ...asked, binding: bindingOf('oct-HSM', ['encrypt']), size: 256 }),
    module.createKey({ ...asked, binding: bindingOf('EC-HSM', ['sign']), curve: 'P-256' }),
  ];
  // They are there at once, before anything else of the process could run.
  for (const made of quick) assert.ok(!(made instanceof Promise));
  for (const made of rsa) assert.equal((await made).publicKey.kty, 'RSA-HSM');
});

test('the module does only what the binding permits', async () => {
  await using module = openModule(folder);
  const ops = ['encrypt', 'decrypt', 'sign', 'verify', 'wrapKey', 'unwrapKey'] as const;
  const algorithmOf = {
    encrypt: 'A256CBCPAD',
    decrypt: 'A256CBCPAD',
    sign: 'HS256',
    verify: 'HS256',
    wrapKey: 'A256KW',
    unwrapKey: 'A256KW',
  };
  for (const allowed of ops) {
    const binding = bindingOf('oct-HSM', [allowed]);
    const { blob } = await createOct(module, binding);
    const { handle } = await ask(module, 'openKey', { binding, blob });
    for (const operation of ops) {
      const code = await operate(module, handle, operation, algorithmOf[operation], randomBytes(16)).then(
        () => 'done',
        (error: unknown) => (error as { readonly code: string }).code,
      );
      assert.equal(code === 'OperationNotAllowed', operation !== allowed, `${operation} with ${allowed}: ${code}`);
    }
  }
});

test('a key for import alone can do nothing', async () => {
  await using module = openModule(folder);
  const binding = bindingOf('RSA-HSM', ['import']);
  const { blob } = await ask(module, 'createKey', { binding, size: 2048, curve: '', publicExponent: 3, alg: '' });
  const { handle } = await ask(module, 'openKey', { binding, blob });
  for (const [operation, name] of [
    ['decrypt', 'RSA-OAEP'],
    ['unwrapKey', 'RSA-OAEP-256'],
    ['sign', 'RS256'],
    ['verify', 'RS256'],
    ['encrypt', 'RSA-OAEP'],
    ['wrapKey', 'RSA1_5'],
  ] as const) {
    await assert.rejects(operate(module, handle, operation, name, randomBytes(32)), { code: 'OperationNotAllowed' });
  }
});

test('every flipped bit of a blob is refused', async () => {
  await using module = openModule(folder);
  const binding = bindingOf('oct-HSM', ['encrypt']);
  const { blob } = await createOct(module, binding);
  for (let bit = 0; bit < blob.length * 8; bit++) {
    const flipped = Buffer.from(blob);
    flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
    await assert.rejects(ask(module, 'openKey', { binding, blob: flipped }), { code: 'KeyRefused' });
  }
  for (const cut of [0, 1, 44, blob.length - 1]) {
    await assert.rejects(ask(module, 'openKey', { binding, blob: blob.subarray(0, cut) }), { code: 'KeyRefused' });
  }
});

test('a blob opens under its own binding only, whatever order its operations come in', async () => {
  await using module = openModule(folder);
  const releasePolicy = randomBytes(32).toString('base64url');
  const binding = bindingOf('oct-HSM', ['encrypt', 'decrypt'], { exportable: true, releasePolicy });
  const { blob } = await createOct(module, binding);
  await ask(module, 'openKey', { binding: { ...binding, keyOps: ['decrypt', 'encrypt'] }, blob });
  const others: Partial<KeyBinding>[] = [
    { name: 'b-key' },
    { version: 'f'.repeat(32) },
    { kty: 'RSA-HSM' },
    { keyOps: ['encrypt'] },
    { keyOps: ['encrypt', 'decrypt', 'sign'] },
    { exportable: false },
    { releasePolicy: '' },
    { releasePolicy: `immutable:${releasePolicy}` },
    { releasePolicy: randomBytes(32).toString('base64url') },
  ];
  for (const other of others) {
    await assert.rejects(ask(module, 'openKey', { binding: { ...binding, ...other }, blob }), { code: 'KeyRefused' });
  }
});

test('a blob of another instance is refused, even one that shares nothing but the binding', async () => {
  const elsewhere = newFolder();
  await using other = openModule(elsewhere);
  await ask(other, 'provision', { instanceId: 'i-1', instanceName: 'dev' });
  await ask(other, 'downloadSecurityDomain', { certificates, required: 2 });
  await using module = openModule(folder);
  const binding = bindingOf('oct-HSM', ['encrypt']);
  const { blob } = await createOct(other, binding);
  await assert.rejects(ask(module, 'openKey', { binding, blob }), { code: 'KeyRefused' });
});

test('rebinding changes the operations and nothing else', async () => {
  await using module = openModule(folder);
  const binding = bindingOf('oct-HSM', ['sign']);
  const { blob } = await createOct(module, binding);
  const newBinding = { ...binding, keyOps: ['verify'] };
  const { blob: rebound } = await ask(module, 'rebindKey', { binding, blob, newBinding });
  await assert.rejects(ask(module, 'openKey', { binding, blob: rebound }), { code: 'KeyRefused' });
  const { handle } = await ask(module, 'openKey', { binding: newBinding, blob: rebound });
  await assert.rejects(operate(module, handle, 'sign', 'HS256', randomBytes(4)), { code: 'OperationNotAllowed' });
  for (const change of [{ name: 'other' }, { version: 'e'.repeat(32) }, { exportable: true }, { kty: 'EC-HSM' }]) {
    await assert.rejects(ask(module, 'rebindKey', { binding, blob, newBinding: { ...newBinding, ...change } }), {
      code: 'BadRequest',
    });
  }
});

test('sizes, curves, exponents and bindings are refused by field', async () => {
  await using module = openModule(folder);
  const refused = async (binding: unknown, size: number, curve: string, publicExponent: number, field: RegExp) => {
    await assert.rejects(ask(module, 'createKey', { binding, size, curve, publicExponent, alg: '' }), {
      code: 'BadRequest',
      message: field,
    });
  };
  const rsa = bindingOf('RSA-HSM', ['sign']);
  const ec = bindingOf('EC-HSM', ['sign']);
  const oct = bindingOf('oct-HSM', ['encrypt']);
  await refused(rsa, 1024, '', 65537, /^key_size: Invalid key size: '1024'/);
  await refused(rsa, 2048, '', 7, /^public_exponent: must be one of 3, 5, 17, 257, 65537/);
  await refused(rsa, 2048, '', 0, /^public_exponent/);
  await refused(rsa, 2048, 'P-256', 3, /^crv/);
  await refused(ec, 0, 'P-255', 0, /^crv/);
  await refused(ec, 256, 'P-256', 0, /^key_size/);
  await refused(ec, 0, 'P-256', 3, /^public_exponent/);
  await refused(oct, 512, '', 0, /^key_size/);
  await refused({ ...oct, name: 'a/b' }, 256, '', 0, /^name/);
  await refused({ ...oct, version: 'x' }, 256, '', 0, /^version/);
  await refused({ ...oct, kty: 'oct' }, 256, '', 0, /^kty/);
  await refused({ ...oct, keyOps: 'encrypt' }, 256, '', 0, /^key_ops/);
  await refused({ ...oct, keyOps: ['encrypt', 'encrypt'] }, 256, '', 0, /^key_ops/);
  await refused({ ...oct, keyOps: ['export'] }, 256, '', 0, /^key_ops/);
  await refused({ ...rsa, keyOps: ['import', 'sign'] }, 2048, '', 3, /^key_ops/);
  await refused({ ...ec, keyOps: ['encrypt'] }, 0, 'P-256', 0, /^key_ops/);
  await refused({ ...oct, exportable: 1 }, 256, '', 0, /^exportable/);
  await refused({ ...oct, releasePolicy: 'x' }, 256, '', 0, /^release_policy/);
  await refused({ ...oct, more: 1 }, 256, '', 0, /^binding/);
  await refused(null, 256, '', 0, /^binding/);
});

test('the cache lets the least used key go, and its handle means nothing ever after', async () => {
  await using module = openModule(folder, 2);
  const binding = bindingOf('oct-HSM', ['sign']);
  const { blob } = await createOct(module, binding);
  const open = async () => (await ask(module, 'openKey', { binding, blob })).handle;
  const sign = (handle: number) => operate(module, handle, 'sign', 'HS256', randomBytes(4));
  const [a, b] = [await open(), await open()];
  await sign(a);
  const c = await open();
  await assert.rejects(sign(b), { code: 'UnknownHandle' });
  await sign(a);
  await sign(c);
  const d = await open();
  assert.equal(new Set([a, b, c, d]).size, 4);
  await assert.rejects(sign(a), { code: 'UnknownHandle' });
});

test('an unknown operation or algorithm, and one of another key type, are refused', async () => {
  await using module = openModule(folder);
  const binding = bindingOf('oct-HSM', ['encrypt', 'sign']);
  const { blob } = await createOct(module, binding);
  const { handle } = await ask(module, 'openKey', { binding, blob });
  const raw = { input: randomBytes(32), proof: NONE, iv: NONE, aad: NONE, handle };
  await assert.rejects(ask(module, 'operate', { ...raw, operation: 99, algorithm: 50 }), { code: 'BadRequest' });
  for (const [operation, algorithm] of [
    [5, 0],
    [5, 10],
    [5, 32],
    [1, 50],
    [1, 31],
  ] as const) {
    await assert.rejects(ask(module, 'operate', { ...raw, operation, algorithm }), { code: 'AlgorithmNotSupported' });
  }
});

test('the state file: any changed byte, a foreign seal or a cut is refused, never misread', async () => {
  const state = join(folder, 'state.sealed');
  const good = readFileSync(state);
  for (const name of readdirSync(folder)) assert.equal(statSync(join(folder, name)).mode & 0o777, 0o600, name);
  try {
    fc.assert(
      fc.property(fc.nat({ max: good.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, mask) => {
        const bad = Buffer.from(good);
        bad[at] = (bad[at] as number) ^ mask;
        writeFileSync(state, bad);
        assert.throws(() => openModule(folder), { code: 'RecordRefused' });
      }),
      { numRuns: 50 },
    );
    writeFileSync(state, good.subarray(0, 100));
    assert.throws(() => openModule(folder), { code: 'RecordRefused' });
    writeFileSync(state, '');
    assert.throws(() => openModule(folder), { code: 'RecordRefused' });
  } finally {
    writeFileSync(state, good);
  }
  const seal = join(folder, 'seal.key');
  const key = readFileSync(seal);
  try {
    writeFileSync(seal, randomBytes(32));
    assert.throws(() => openModule(folder), { code: 'RecordRefused' });
    writeFileSync(seal, key.subarray(1));
    assert.throws(() => openModule(folder), { code: 'RecordRefused' });
  } finally {
    writeFileSync(seal, key);
  }
  await using module = openModule(folder);
  assert.equal(module.state, 'active');
});
