// Whoever has an older copy of a key, from before its release policy was made immutable, brings it back changeable. What is
// said to be immutable from creation must have no such copy, and nothing else may be said to be.
import assert from 'node:assert/strict';
import { createPublicKey, randomBytes, randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import type { KeyBinding } from '../../src/crypto/protocol/messages.ts';
import { type Immutability, policyBinding } from '../../src/formats/policy-binding.ts';
import { writeTransferBlob } from '../../src/formats/transfer-blob.ts';
import { wrapForTransfer } from '../../src/formats/transfer-wrap.ts';
import { makeCustodian } from '../../src/module/custodians.fixture.ts';
import { ask, bindingOf, newFolder, openModule } from '../../src/module/key-module.fixture.ts';
import type { KeyModule } from '../../src/module/key-module.ts';
import { verifyAttestation } from '../../src/tools/attestation/verify-attestation.ts';
import { directoryUri, startBackup, succeeded } from '../support/backup-jobs.ts';
import { type Reply, type RunningInstance, startRunningInstance } from '../support/running-instance.ts';

describe('at the module, as a worker in hostile hands', () => {
  const CANONICAL = Buffer.from('{"anyOf":[]}');
  const OTHER = Buffer.from('{"anyOf":[1]}');
  const under = (canonical: Buffer, immutable: Immutability): Partial<KeyBinding> => ({
    exportable: true,
    releasePolicy: policyBinding(canonical, immutable),
  });
  const everyBinding = [CANONICAL, OTHER].flatMap((canonical) =>
    ([false, true, 'from-creation'] as const).map((mark) => policyBinding(canonical, mark)),
  );
  const refused = { code: /^(BadRequest|KeyRefused|CryptoFailed)$/ };
  let module: KeyModule;

  before(async () => {
    const custodians = await Promise.all(['a', 'b', 'c'].map((name) => makeCustodian(name)));
    module = openModule(newFolder());
    await ask(module, 'provision', { instanceId: 'i-1', instanceName: 'dev' });
    const certificates = custodians.map(({ certificate }) => certificate);
    await ask(module, 'downloadSecurityDomain', { certificates, required: 2 });
  });
  after(() => module[Symbol.asyncDispose]());

  interface Sealed {
    readonly binding: KeyBinding;
    readonly blob: Uint8Array;
  }

  async function create(rest: Partial<KeyBinding>): Promise<Sealed> {
    const binding = bindingOf('oct-HSM', ['encrypt'], rest);
    const { blob } = await ask(module, 'createKey', { binding, size: 256, curve: '', publicExponent: 0, alg: '' });
    return { binding, blob: Buffer.from(blob) };
  }

  async function rebind({ binding, blob }: Sealed, rest: Partial<KeyBinding>): Promise<Sealed> {
    const newBinding = { ...binding, ...rest };
    return {
      binding: newBinding,
      blob: Buffer.from((await ask(module, 'rebindKey', { binding, blob, newBinding })).blob),
    };
  }

  const opens = ({ binding, blob }: Sealed) => ask(module, 'openKey', { binding, blob });

  test('a key made with an immutable policy has no blob under another, and gets none', async () => {
    const made = await create(under(CANONICAL, 'from-creation'));
    const kept: Sealed[] = [made, await rebind(made, { keyOps: ['decrypt'] })];
    const version = { binding: made.binding, blob: Buffer.from(made.blob).toString('base64url'), rest: {} };
    const { value } = await ask(module, 'backupKey', { versions: [version], rest: {} });
    const [restored] = (await ask(module, 'restoreKey', { value })).versions as { binding: KeyBinding; blob: string }[];
    assert.ok(restored !== undefined);
    kept.push({ binding: restored.binding, blob: Buffer.from(restored.blob, 'base64url') });
    for (const key of kept) {
      await opens(key);
      for (const releasePolicy of [...everyBinding, '']) {
        if (releasePolicy === made.binding.releasePolicy) continue;
        await assert.rejects(rebind(key, { releasePolicy }), refused, releasePolicy);
        const binding = { ...key.binding, releasePolicy };
        await assert.rejects(opens({ ...key, binding }), refused, releasePolicy);
        const blob = Buffer.from(key.blob).toString('base64url');
        await assert.rejects(ask(module, 'backupKey', { versions: [{ binding, blob, rest: {} }], rest: {} }), refused);
      }
    }
  });

  test('no key that was under another policy is ever bound as immutable from creation', async () => {
    const changeable = await create(under(CANONICAL, false));
    const later = await rebind(changeable, under(CANONICAL, true));
    for (const key of [changeable, later]) {
      for (const canonical of [CANONICAL, OTHER]) {
        await assert.rejects(rebind(key, under(canonical, 'from-creation')), {
          code: 'BadRequest',
          message: /release_policy: is not immutable from creation|newBinding: the release policy is immutable/,
        });
      }
    }
    // What a kept blob is good for, and why no more is promised of a policy that was made immutable later.
    await opens(changeable);
    await rebind(changeable, under(OTHER, false));
  });

  test('nor is one that somebody brings', async () => {
    const none = Buffer.alloc(0);
    const rsa = { n: none, e: none, d: none, p: none, q: none, dp: none, dq: none, qi: none };
    const members = { ...rsa, crv: '', x: none, y: none, k: randomBytes(32), alg: '', priv: none, pub: none };
    const plain = (immutable: Immutability) =>
      ask(module, 'importKey', { binding: bindingOf('oct-HSM', ['encrypt'], under(CANONICAL, immutable)), ...members });
    await assert.rejects(plain('from-creation'), { code: 'BadRequest', message: /^release_policy: / });
    await plain(true);
  });
});

describe('over HTTPS, as a client with every right on keys', () => {
  const DATA = { version: '1.0.0', anyOf: [{ authority: 'https://a.example', allOf: [{ claim: 'a', equals: 1 }] }] };
  const data = Buffer.from(JSON.stringify(DATA)).toString('base64url');
  const other = Buffer.from(JSON.stringify({ ...DATA, anyOf: [{ ...DATA.anyOf[0], authority: 'https://b.example' }] }));
  const leaving = (immutable: boolean): object => ({
    attributes: { exportable: true },
    release_policy: { data, immutable },
  });
  const backups = newFolder();
  let instance: RunningInstance;
  let token: string;

  before(async () => {
    instance = await startRunningInstance({ backupTargets: [{ uri: directoryUri(backups) }] });
    await instance.activate();
    const user = randomUUID();
    for (const role of ['Managed HSM Crypto User', 'Managed HSM Crypto Officer', 'Managed HSM Administrator']) {
      await instance.assign(role, user);
    }
    token = await instance.issuer.token(user);
  });
  after(() => instance[Symbol.asyncDispose]());

  const send = (method: string, path: string, body?: object): Promise<Reply> =>
    instance.ask(method, `${path}?api-version=2026-01-01-preview`, { token, ...(body === undefined ? {} : { body }) });

  async function ok(method: string, path: string, body?: object): Promise<Reply> {
    const reply = await send(method, path, body);
    assert.ok(reply.status < 300, `${method} ${path}: ${reply.status} ${reply.text}`);
    return reply;
  }

  const create = (name: string, rest: object): Promise<Reply> =>
    ok('POST', `/keys/${name}/create`, { kty: 'oct-HSM', ...rest });

  async function purge(name: string): Promise<void> {
    await ok('DELETE', `/keys/${name}`);
    await ok('DELETE', `/deletedkeys/${name}`);
  }

  /** What the module signs of it: the mark without the hash. */
  async function attested(name: string): Promise<string> {
    const { statement } = verifyAttestation((await ok('GET', `/keys/${name}/attestation`)).json, undefined);
    return statement.releasePolicy.replace(/[\w-]{43}$/, '');
  }

  const warningOf = (reply: Reply): string => String(reply.headers['x-strongroom-warning'] ?? '');

  test('made immutable later: taken, and neither attested nor answered as more than that', async () => {
    await create('later', leaving(false));
    assert.equal(await attested('later'), '');
    const { value } = (await ok('POST', '/keys/later/backup')).json as { value: string };
    const patched = await ok('PATCH', '/keys/later', { release_policy: { immutable: true } });
    assert.match(warningOf(patched), /not known to be so from creation: a backup of before brings it back changeable/);
    assert.deepEqual(Object.keys((patched.json as { release_policy: object }).release_policy), [
      'contentType',
      'data',
      'immutable',
    ]);
    assert.equal(await attested('later'), 'immutable:');
    assert.match((await send('PATCH', '/keys/later', { release_policy: { immutable: false } })).text, /AKV\.SKR\.1020/);
    await purge('later');
    await ok('POST', '/keys/restore', { value });
    // The attack, which is why the attestation does not say more.
    assert.equal(await attested('later'), '');
    await ok('PATCH', '/keys/later', { release_policy: { data: other.toString('base64url'), immutable: true } });
    assert.equal(await attested('later'), 'immutable:');
    // The way out: another version, which carries its own policy.
    assert.equal(warningOf(await create('later', leaving(true))), '');
    assert.equal(await attested('later'), 'immutable-from-creation:');
  });

  test('immutable from creation: no backup of the key or of the HSM brings anything else back', async () => {
    const made = await create('first', leaving(true));
    assert.equal(warningOf(made), '');
    const { value } = (await ok('POST', '/keys/first/backup')).json as { value: string };
    const job = await succeeded(instance, token, await startBackup(instance, token, directoryUri(backups)));
    const folder = job.azureStorageBlobContainerUri?.split('/').at(-1) ?? '';
    await ok('PATCH', '/keys/first', { tags: { a: 'b' }, key_ops: ['wrapKey'] });
    const check = async (): Promise<void> => {
      assert.equal(await attested('first'), 'immutable-from-creation:');
      for (const release_policy of [{ immutable: false }, { data: other.toString('base64url') }]) {
        assert.match((await send('PATCH', '/keys/first', { release_policy })).text, /AKV\.SKR\.1020/);
      }
    };
    await check();
    await purge('first');
    await ok('POST', '/keys/restore', { value });
    await check();
    await purge('first');
    const storage = { storageResourceUri: directoryUri(backups) };
    const selective = await send('PUT', '/keys/first/restore', { sasTokenParameters: storage, folder });
    await succeeded(instance, token, selective);
    await check();
    const full = await send('PUT', '/restore', { sasTokenParameters: storage, folderToRestore: folder });
    await succeeded(instance, token, full);
    await check();
  });

  test('a version that rotation makes is immutable from its creation, whatever the one before was', async () => {
    await create('rotated', leaving(false));
    await ok('PATCH', '/keys/rotated', { release_policy: { immutable: true } });
    const lifetimeActions = [{ trigger: { timeAfterCreate: 'P90D' }, action: { type: 'Rotate' } }];
    await ok('PUT', '/keys/rotated/rotationpolicy', { lifetimeActions });
    await ok('POST', '/keys/rotated/rotate');
    assert.equal(await attested('rotated'), 'immutable-from-creation:');
  });

  test('of keys from outside only those say so that come through a key-exchange key with the same policy from creation', async () => {
    const plain = { key: { kty: 'oct-HSM', k: randomBytes(32).toString('base64url') }, ...leaving(true) };
    assert.match(warningOf(await ok('PUT', '/keys/plain', plain)), /not known to be so from creation/);
    assert.equal(await attested('plain'), 'immutable:');
    const kek = await create('kek', { kty: 'RSA-HSM', key_ops: ['import'], ...leaving(true) });
    const { kid, n, e } = (kek.json as { key: { kid: string; n: string; e: string } }).key;
    const key = createPublicKey({ key: { kty: 'RSA', n, e }, format: 'jwk' });
    const file = writeTransferBlob({ kid, ciphertext: wrapForTransfer(key, randomBytes(32)), generator: '' });
    const wrapped = { key: { kty: 'oct-HSM', key_hsm: Buffer.from(file).toString('base64url') }, ...leaving(true) };
    assert.equal(warningOf(await ok('PUT', '/keys/wrapped', wrapped)), '');
    assert.equal(await attested('wrapped'), 'immutable-from-creation:');
  });

  test('a key that wraps for enclaves says the same of its policy', async () => {
    const secure = { key_ops: ['secureWrapKey', 'secureUnwrapKey'] };
    await create('secure', { ...secure, release_policy: { data, immutable: true } });
    assert.equal(await attested('secure'), 'immutable-from-creation:');
    await create('secure-later', { ...secure, release_policy: { data } });
    await ok('PATCH', '/keys/secure-later', { release_policy: { immutable: true } });
    assert.equal(await attested('secure-later'), 'immutable:');
  });
});
