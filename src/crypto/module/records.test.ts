import assert from 'node:assert/strict';
import { createPublicKey, verify } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { ed25519Spki } from '../../formats/root-keys.ts';
import { ask, newFolder, openModule } from './key-module.fixture.ts';
import type { KeyModule } from './key-module.ts';

async function provisioned(folder: string = newFolder()): Promise<KeyModule> {
  const module = openModule(folder);
  if (module.state === 'blank') await ask(module, 'provision', { instanceId: 'i-1', instanceName: 'dev' });
  return module;
}

test('a record opens at its own key and revision, with its name and value', async () => {
  await using module = await provisioned();
  await fc.assert(
    fc.asyncProperty(
      fc.string({ minLength: 1, maxLength: 60 }),
      fc.maxSafeNat(),
      fc.uint8Array({ maxLength: 100 }),
      async (name, revision, value) => {
        const { key, sealed } = await ask(module, 'sealRecord', { name, revision, value });
        const opened = await ask(module, 'openRecord', { key, revision, sealed });
        assert.equal(opened.name, name);
        assert.deepEqual(new Uint8Array(opened.value), value);
      },
    ),
    { numRuns: 50 },
  );
});

test('names become the same key each time, and say nothing', async () => {
  await using module = await provisioned();
  const seal = (name: string) => ask(module, 'sealRecord', { name, revision: 1, value: Buffer.from('secret-value') });
  const [a, again, b] = [await seal('keys/payroll'), await seal('keys/payroll'), await seal('keys/payroll2')];
  assert.deepEqual(a.key, again.key);
  assert.notDeepEqual(a.key, b.key);
  assert.notDeepEqual(a.sealed, again.sealed);
  for (const { key, sealed } of [a, b]) {
    assert.equal(Buffer.concat([key, sealed]).includes('payroll'), false);
    assert.equal(Buffer.from(sealed).includes('secret-value'), false);
  }
});

test('an edited, moved, swapped, replayed or foreign record is refused', async () => {
  await using module = await provisioned();
  await using foreign = await provisioned();
  const a = await ask(module, 'sealRecord', { name: 'a', revision: 5, value: Buffer.from('one') });
  const b = await ask(module, 'sealRecord', { name: 'b', revision: 5, value: Buffer.from('two') });
  const refused = { code: 'RecordRefused' };
  await assert.rejects(ask(module, 'openRecord', { ...b, key: a.key, revision: 5 }), refused);
  await assert.rejects(ask(module, 'openRecord', { ...a, revision: 6 }), refused);
  await assert.rejects(ask(foreign, 'openRecord', { ...a, revision: 5 }), refused);
  for (let at = 0; at < a.sealed.length; at++) {
    const sealed = Buffer.from(a.sealed);
    sealed[at] = (sealed[at] as number) ^ 0x10;
    await assert.rejects(ask(module, 'openRecord', { key: a.key, revision: 5, sealed }), refused);
  }
  await assert.rejects(ask(module, 'openRecord', { key: a.key, revision: 5, sealed: Buffer.alloc(3) }), refused);
});

test('the newest head outlives the process, and an older one does not replace it', async () => {
  const folder = newFolder();
  const hash = Buffer.alloc(32, 1).toString('base64url');
  {
    await using module = await provisioned(folder);
    for (const sequence of [3, 7, 5]) {
      const value = Buffer.from(JSON.stringify({ sequence, hash }));
      const record = await ask(module, 'sealRecord', { name: 'head', revision: sequence, value });
      await ask(module, 'noteHead', { ...record, revision: sequence });
    }
    assert.equal((await ask(module, 'hello', {})).headSequence, 7);
  }
  {
    await using module = await provisioned(folder);
    assert.equal((await ask(module, 'hello', {})).headSequence, 7);
  }
  writeFileSync(join(folder, 'head.sealed'), Buffer.alloc(60, 1));
  assert.throws(() => openModule(folder), { code: 'RecordRefused' });
  rmSync(join(folder, 'head.sealed'));
});

test('what is no head record is not noted', async () => {
  await using module = await provisioned();
  const hash = Buffer.alloc(32, 1).toString('base64url');
  for (const [name, text] of [
    ['other', JSON.stringify({ sequence: 9, hash })],
    ['head', 'nonsense'],
    ['head', 'null'],
    ['head', JSON.stringify({ sequence: -1, hash })],
    ['head', JSON.stringify({ sequence: 1.5, hash })],
    ['head', JSON.stringify({ sequence: 9, hash: 'short' })],
  ] as const) {
    const record = await ask(module, 'sealRecord', { name, revision: 1, value: Buffer.from(text) });
    await assert.rejects(ask(module, 'noteHead', { ...record, revision: 1 }), { code: 'RecordRefused' });
  }
  assert.equal((await ask(module, 'hello', {})).headSequence, 0);
});

test('a checkpoint is a signed note that the published key verifies', async () => {
  await using module = await provisioned();
  const { auditKey } = await ask(module, 'hello', {});
  const root = Buffer.alloc(32, 9);
  const { note } = await ask(module, 'signCheckpoint', { size: 42, root });
  const [body = '', signatures = ''] = note.split('\n\n');
  assert.equal(body, `strongroom/i-1\n42\n${root.toString('base64')}`);
  const [, signature] = /^— strongroom\/i-1 (\S+)\n$/.exec(signatures) ?? [];
  assert.ok(signature !== undefined);
  const key = createPublicKey({ key: ed25519Spki(auditKey), format: 'der', type: 'spki' });
  assert.ok(verify(null, Buffer.from(`${body}\n`), key, Buffer.from(signature, 'base64').subarray(4)));
  await assert.rejects(ask(module, 'signCheckpoint', { size: 42, root: Buffer.alloc(31) }), { code: 'BadRequest' });
});
