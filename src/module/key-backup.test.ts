import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { before, test } from 'node:test';
import fc from 'fast-check';
import type { KeyBinding } from '../crypto/protocol/messages.ts';
import { algorithms, operations } from '../formats/algorithms.ts';
import { StateWriter } from './ceremony/state-writer.ts';
import { makeCustodian } from './custodians.fixture.ts';
import { ask, bindingOf, newFolder, openModule } from './key-module.fixture.ts';
import type { KeyModule } from './key-module.ts';

const home = newFolder();
const sibling = newFolder();
const foreign = newFolder();

before(async () => {
  const certificates = (await Promise.all(['a', 'b', 'c'].map((name) => makeCustodian(name)))).map(
    (c) => c.certificate,
  );
  for (const folder of [home, foreign]) {
    await using module = openModule(folder);
    await ask(module, 'provision', { instanceId: 'i-1', instanceName: 'dev' });
    await ask(module, 'downloadSecurityDomain', { certificates, required: 2 });
  }
  await using module = openModule(home);
  // Another instance of the same security domain: the same root keys under another identity.
  new StateWriter(sibling).create({ ...module.provisioned, instanceId: 'i-2', instanceName: 'two' });
});

interface Version {
  readonly binding: KeyBinding;
  readonly blob: string;
  readonly rest: unknown;
}

async function makeVersion(module: KeyModule, version: string): Promise<Version> {
  const binding = bindingOf('oct-HSM', ['sign'], { version });
  const { blob } = await ask(module, 'createKey', { binding, size: 256, curve: '', publicExponent: 0, alg: '' });
  return { binding, blob: Buffer.from(blob).toString('base64url'), rest: { tags: { a: version } } };
}

async function mac(module: KeyModule, { binding, blob }: Version): Promise<string> {
  const { handle } = await ask(module, 'openKey', { binding, blob: Buffer.from(blob, 'base64url') });
  const none = Buffer.alloc(0);
  const algorithm = algorithms.get('HS256')?.code ?? 0;
  const asked = {
    handle,
    operation: operations.sign.code,
    algorithm,
    input: Buffer.from('x'),
    proof: none,
    iv: none,
    aad: none,
  };
  return Buffer.from((await ask(module, 'operate', asked)).output).toString('hex');
}

test('a backup opens in another instance of the same domain, each version the key it was', async () => {
  await using module = openModule(home);
  const versions = [await makeVersion(module, 'a'.repeat(32)), await makeVersion(module, 'b'.repeat(32))];
  const { value } = await ask(module, 'backupKey', { versions, rest: { policy: 1 } });
  assert.deepEqual(JSON.parse(Buffer.from(value.split('.')[0] ?? '', 'base64url').toString()), {
    alg: 'dir',
    enc: 'A256CBC-HS512',
    kid: 'backup-protection-key',
  });
  await using other = openModule(sibling);
  const restored = await ask(other, 'restoreKey', { value });
  assert.deepEqual(restored.rest, { policy: 1 });
  const list = restored.versions as Version[];
  assert.deepEqual(
    list.map(({ binding, rest }) => [binding.version, rest]),
    versions.map(({ binding, rest }) => [binding.version, rest]),
  );
  for (const [i, version] of list.entries()) {
    assert.equal(await mac(other, version), await mac(module, versions[i] as Version));
    await assert.rejects(mac(module, version), { code: 'KeyRefused' }, 'sealed for the other instance alone');
  }
});

test('another domain, or one changed character anywhere, and it does not open', async () => {
  await using module = openModule(home);
  const { value } = await ask(module, 'backupKey', {
    versions: [await makeVersion(module, 'c'.repeat(32))],
    rest: null,
  });
  await using other = openModule(foreign);
  await assert.rejects(ask(other, 'restoreKey', { value }), { code: 'CryptoFailed' });
  await fc.assert(
    fc.asyncProperty(
      fc.nat({ max: value.length - 1 }),
      fc.constantFrom('A', 'z', '.', '!', ''),
      async (at, character) => {
        fc.pre(value[at] !== character);
        const edited = value.slice(0, at) + character + value.slice(at + 1);
        const code = await ask(module, 'restoreKey', { value: edited }).then(
          () => 'opened',
          (error: unknown) => (error as { readonly code: string }).code,
        );
        assert.ok(code === 'CryptoFailed' || code === 'BadRequest', `${at}: ${code}`);
      },
    ),
    { numRuns: 200 },
  );
});

test('what is no backup is refused as that, and versions of two keys do not go into one', async () => {
  await using module = openModule(home);
  for (const value of [
    '',
    'a',
    'a.b.c.d.e',
    `${Buffer.from('{}').toString('base64url')}..${'a'.repeat(22)}.aa.${'a'.repeat(43)}`,
  ]) {
    await assert.rejects(ask(module, 'restoreKey', { value }), { code: 'BadRequest' });
  }
  const one = await makeVersion(module, 'd'.repeat(32));
  await assert.rejects(ask(module, 'backupKey', { versions: [], rest: null }), { code: 'BadRequest' });
  await assert.rejects(ask(module, 'backupKey', { versions: 'x', rest: null }), { code: 'BadRequest' });
  const renamed = { ...one, binding: { ...one.binding, name: 'other' } };
  await assert.rejects(ask(module, 'backupKey', { versions: [one, renamed], rest: null }), { code: 'BadRequest' });
  await assert.rejects(ask(module, 'backupKey', { versions: [renamed], rest: null }), { code: 'KeyRefused' });
  const noise = { ...one, blob: randomBytes(90).toString('base64url') };
  await assert.rejects(ask(module, 'backupKey', { versions: [noise], rest: null }), { code: 'KeyRefused' });
});
