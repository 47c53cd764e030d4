// Whoever has a transfer blob, and speaks to the module or the service, wants the key inside: imported as exportable, it
// would be released to a target of theirs.
import assert from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync, type KeyObject, randomBytes, randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import type { KeyBinding } from '../../src/crypto/protocol/messages.ts';
import { type Immutability, policyBinding } from '../../src/formats/policy-binding.ts';
import { writeTransferBlob } from '../../src/formats/transfer-blob.ts';
import { wrapForTransfer } from '../../src/formats/transfer-wrap.ts';
import { makeCustodian } from '../../src/module/custodians.fixture.ts';
import { ask, bindingOf, newFolder, openModule } from '../../src/module/key-module.fixture.ts';
import type { KeyModule } from '../../src/module/key-module.ts';
import { type Reply, type RunningInstance, startRunningInstance } from '../support/running-instance.ts';

const policyOf = (authority: string): object => ({
  version: '1.0.0',
  anyOf: [{ authority, allOf: [{ claim: 'a', equals: 1 }] }],
});

describe('at the module, as a worker in hostile hands', () => {
  const OWN = Buffer.from(JSON.stringify(policyOf('https://owner.example')));
  const HOSTILE = Buffer.from(JSON.stringify(policyOf('https://hostile.example')));
  const exportable = (canonical: Buffer, immutable: Immutability): Partial<KeyBinding> => ({
    exportable: true,
    releasePolicy: policyBinding(canonical, immutable),
  });
  const oct = (rest: Partial<KeyBinding> = {}): KeyBinding => bindingOf('oct-HSM', ['encrypt'], rest);
  const refused = (code: string, member = ''): object => ({ code, message: new RegExp(`^${member}`) });
  const { n = '', e = '' } = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ format: 'jwk' });
  let module: KeyModule;

  before(async () => {
    const custodians = await Promise.all(['a', 'b', 'c'].map((name) => makeCustodian(name)));
    module = openModule(newFolder());
    await ask(module, 'provision', { instanceId: 'i-1', instanceName: 'dev' });
    const certificates = custodians.map(({ certificate }) => certificate);
    await ask(module, 'downloadSecurityDomain', { certificates, required: 2 });
  });
  after(() => module[Symbol.asyncDispose]());

  interface Kek {
    readonly binding: KeyBinding;
    readonly blob: Uint8Array;
    readonly ciphertext: Uint8Array;
  }

  /** A key-exchange key, and what somebody wrapped for it. */
  async function kekOf(rest: Partial<KeyBinding> = {}): Promise<Kek> {
    const binding = bindingOf('RSA-HSM', ['import'], { name: 'kek', ...rest });
    const made = { binding, size: 2048, curve: '', publicExponent: 65537, alg: '' };
    const { blob, publicKey } = await ask(module, 'createKey', made);
    const { n: modulus, e: exponent } = publicKey as { n: string; e: string };
    const key = createPublicKey({ key: { kty: 'RSA', n: modulus, e: exponent }, format: 'jwk' });
    return { binding, blob: Buffer.from(blob), ciphertext: wrapForTransfer(key, randomBytes(32)) };
  }

  const through = ({ binding: kekBinding, blob: kekBlob, ciphertext }: Kek, binding: KeyBinding) =>
    ask(module, 'importWrappedKey', { kekBinding, kekBlob, binding, crv: '', ciphertext });

  const released = (binding: KeyBinding, blob: Uint8Array, data = HOSTILE) =>
    ask(module, 'releaseKey', {
      binding,
      blob,
      target: { kid: 'mine', n, e },
      enc: 'CKM_RSA_AES_KEY_WRAP',
      request: {},
      kid: 'k',
      attributes: {},
      policy: { contentType: 'application/json', data: data.toString('base64url'), immutable: false },
    });

  test('a key-exchange key that is not exportable lets nothing exportable through, whatever is said of it', async () => {
    const kek = await kekOf();
    for (const immutable of [false, true, 'from-creation'] as const) {
      const wanted = oct(exportable(HOSTILE, immutable));
      await assert.rejects(through(kek, wanted), refused('BadRequest', 'exportable: '));
      const posing = { ...kek, binding: { ...kek.binding, ...exportable(HOSTILE, immutable) } };
      await assert.rejects(through(posing, wanted), refused('KeyRefused'));
      const newBinding = posing.binding;
      const rebound = ask(module, 'rebindKey', { binding: kek.binding, blob: kek.blob, newBinding });
      await assert.rejects(rebound, refused('BadRequest', 'newBinding: '));
    }
  });

  test('what came through it does not leave either, nor by way of a backup', async () => {
    const binding = oct();
    const { blob } = await through(await kekOf(), binding);
    const leaving = { ...binding, ...exportable(HOSTILE, false) };
    await assert.rejects(released(binding, blob), refused('OperationNotAllowed', 'exportable: '));
    await assert.rejects(released(leaving, blob), refused('KeyRefused'));
    await assert.rejects(
      ask(module, 'rebindKey', { binding, blob, newBinding: leaving }),
      refused('BadRequest', 'newBinding: '),
    );
    const version = { blob: Buffer.from(blob).toString('base64url'), rest: {} };
    const posing = { versions: [{ binding: leaving, ...version }], rest: {} };
    await assert.rejects(ask(module, 'backupKey', posing), refused('KeyRefused'));
    const { value } = await ask(module, 'backupKey', { versions: [{ binding, ...version }], rest: {} });
    const { versions } = await ask(module, 'restoreKey', { value });
    assert.deepEqual((versions as { binding: KeyBinding }[])[0]?.binding, { ...binding, keyOps: ['encrypt'] });
  });

  test('nor does a backup of the key-exchange key come back as one that lets more through', async () => {
    const { binding, blob, ciphertext } = await kekOf();
    const version = { binding, blob: Buffer.from(blob).toString('base64url'), rest: {} };
    const { value } = await ask(module, 'backupKey', { versions: [version], rest: {} });
    const { versions } = await ask(module, 'restoreKey', { value });
    const [back] = versions as { binding: KeyBinding; blob: string }[];
    assert.ok(back !== undefined);
    const kek = { binding: back.binding, blob: Buffer.from(back.blob, 'base64url'), ciphertext };
    await through(kek, oct());
    await assert.rejects(through(kek, oct(exportable(HOSTILE, false))), refused('BadRequest', 'exportable: '));
  });

  test('through an exportable one nothing passes but its own policy, as firm as it is', async () => {
    const marks = [false, true, 'from-creation'] as const;
    for (const [own, passing] of [
      [false, [false, true]],
      [true, [true]],
      ['from-creation', ['from-creation']],
    ] as const) {
      // Not made so, as none is: what was made immutable later.
      const kek = await kekOf(exportable(OWN, own));
      for (const mark of marks) {
        const hostile = through(kek, oct(exportable(HOSTILE, mark)));
        await assert.rejects(hostile, refused('BadRequest', 'release_policy: '), `${own} ${mark}`);
        const same = through(kek, oct(exportable(OWN, mark)));
        if ((passing as readonly Immutability[]).includes(mark)) await same;
        else await assert.rejects(same, refused('BadRequest', 'release_policy: '), `${own} ${mark}`);
      }
      await through(kek, oct());
    }
  });

  test('a key-exchange key whose policy never could change is not bound to another', async () => {
    const { binding, blob } = await kekOf(exportable(OWN, 'from-creation'));
    for (const releasePolicy of [
      policyBinding(HOSTILE, 'from-creation'),
      policyBinding(HOSTILE, false),
      policyBinding(OWN, true),
      policyBinding(OWN, false),
      '',
    ]) {
      const newBinding = { ...binding, releasePolicy };
      await assert.rejects(ask(module, 'rebindKey', { binding, blob, newBinding }), refused('BadRequest'));
    }
  });

  test('not promised: one whose policy may change can be bound to any, and lets through what that one allows', async () => {
    const kek = await kekOf(exportable(OWN, false));
    const newBinding = { ...kek.binding, releasePolicy: policyBinding(HOSTILE, false) };
    const { blob } = await ask(module, 'rebindKey', { binding: kek.binding, blob: kek.blob, newBinding });
    const binding = oct(exportable(HOSTILE, false));
    const imported = await through({ ...kek, binding: newBinding, blob: Buffer.from(blob) }, binding);
    await released(binding, imported.blob);
  });
});

describe('over HTTPS, as a client that may import', () => {
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

  const call = (method: string, path: string, body?: object): Promise<Reply> =>
    instance.ask(method, `${path}?api-version=7.6`, { token, ...(body === undefined ? {} : { body }) });
  const leaving = (authority: string, immutable?: boolean): object => ({
    attributes: { exportable: true },
    release_policy: { data: Buffer.from(JSON.stringify(policyOf(authority))).toString('base64url'), immutable },
  });
  const OWN = 'https://owner.example';

  async function fileFor(name: string, rest: object = {}): Promise<string> {
    const made = await call('POST', `/keys/${name}/create`, { kty: 'RSA-HSM', key_ops: ['import'], ...rest });
    assert.equal(made.status, 200, made.text);
    const { kid, n, e } = (made.json as { key: { kid: string; n: string; e: string } }).key;
    const key: KeyObject = createPublicKey({ key: { kty: 'RSA', n, e }, format: 'jwk' });
    const file = { kid, ciphertext: wrapForTransfer(key, randomBytes(32)), generator: '' };
    return Buffer.from(writeTransferBlob(file)).toString('base64url');
  }

  const bring = (name: string, file: string, rest: object): Promise<Reply> =>
    call('PUT', `/keys/${name}`, { key: { kty: 'oct-HSM', key_hsm: file }, ...rest });

  async function refused(file: string, rest: object, message: RegExp): Promise<void> {
    const reply = await bring('refused', file, rest);
    assert.equal(reply.status, 400, reply.text);
    const { error } = reply.json as { error: { code: string; message: string } };
    assert.equal(error.code, 'BadParameter');
    assert.match(error.message, message);
    assert.equal((await call('GET', '/keys/refused')).status, 404);
  }

  test('through a key-exchange key as it is made by default nothing becomes exportable, and the answer says what to do', async () => {
    const file = await fileFor('kek-default');
    await refused(file, leaving(OWN), /^attributes\.exportable: .*Make a key-exchange key with attributes\.exportable/);
    const imported = await bring('stays', file, {});
    assert.equal(imported.status, 200, imported.text);
    const patched = await call('PATCH', '/keys/stays', leaving(OWN));
    assert.equal(patched.status, 400, patched.text);
    const exportable = await call('PATCH', '/keys/kek-default', leaving(OWN));
    assert.equal(exportable.status, 400, exportable.text);
  });

  test('through an exportable one keys are exportable under its policy and under no other', async () => {
    const file = await fileFor('kek-exportable', leaving(OWN, true));
    await refused(file, leaving('https://hostile.example', true), /^release_policy\.data: is not the policy of the/);
    await refused(file, leaving(OWN), /^release_policy\.immutable: must be true/);
    const imported = await bring('leaves', file, leaving(OWN, true));
    assert.equal(imported.status, 200, imported.text);
    assert.equal((await bring('may-stay', file, {})).status, 200);
    const changed = await call('PATCH', '/keys/kek-exportable', leaving('https://hostile.example'));
    assert.match(changed.text, /AKV\.SKR\.1020/);
  });

  test('a policy that the key-exchange key was given later counts, and the one before does not any more', async () => {
    const file = await fileFor('kek-changed', leaving(OWN));
    const { release_policy } = leaving('https://second.example') as { release_policy: object };
    assert.equal((await call('PATCH', '/keys/kek-changed', { release_policy })).status, 200);
    await refused(file, leaving(OWN), /^release_policy\.data: /);
    assert.equal((await bring('second', file, leaving('https://second.example'))).status, 200);
  });
});
