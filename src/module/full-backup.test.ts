import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import fc from 'fast-check';
import { StateWriter } from './ceremony/state-writer.ts';
import { makeCustodian } from './custodians.fixture.ts';
import { ask, newFolder, openModule } from './key-module.fixture.ts';

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
  new StateWriter(sibling).create({ ...module.provisioned, instanceId: 'i-2', instanceName: 'two' });
});

test('a part opens in another instance of the same security domain, as the part it is and no other', async () => {
  await using module = openModule(home);
  const content = Buffer.from('all that there is');
  const { sealed } = await ask(module, 'sealBackup', { backupId: 'mhsm-a-1', part: 'keys-00001', content });
  assert.equal(Buffer.from(sealed).includes('there is'), false);
  await using other = openModule(sibling);
  const opened = await ask(other, 'openBackup', { backupId: 'mhsm-a-1', part: 'keys-00001', sealed });
  assert.deepEqual(Buffer.from(opened.content), content);
  for (const moved of [
    { backupId: 'mhsm-a-2', part: 'keys-00001' },
    { backupId: 'mhsm-a-1', part: 'keys-00002' },
  ]) {
    await assert.rejects(ask(other, 'openBackup', { ...moved, sealed }), { code: 'CryptoFailed' });
  }
  await using stranger = openModule(foreign);
  const asked = ask(stranger, 'openBackup', { backupId: 'mhsm-a-1', part: 'keys-00001', sealed });
  await assert.rejects(asked, { code: 'CryptoFailed' });
});

test('a part with any one bit changed, or cut short, does not open', async () => {
  await using module = openModule(home);
  const part = { backupId: 'b', part: 'records-00001' };
  const { sealed } = await ask(module, 'sealBackup', { ...part, content: Buffer.from('abc') });
  await fc.assert(
    fc.asyncProperty(fc.nat(sealed.length * 8 - 1), async (bit) => {
      const edited = Buffer.from(sealed);
      edited[bit >> 3] = (edited[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      await assert.rejects(ask(module, 'openBackup', { ...part, sealed: edited }), { code: 'CryptoFailed' });
      const short = Buffer.from(sealed).subarray(0, bit >> 3);
      await assert.rejects(ask(module, 'openBackup', { ...part, sealed: short }), { code: 'CryptoFailed' });
    }),
    { numRuns: 40 },
  );
});

test('ids and names of parts have a form, and a module that is not active backs nothing up', async () => {
  await using module = openModule(home);
  const content = Buffer.alloc(1);
  for (const backupId of ['', '../x', 'a/b', 'x'.repeat(201)]) {
    await assert.rejects(ask(module, 'sealBackup', { backupId, part: 'p', content }), { code: 'BadRequest' });
  }
  for (const part of ['', 'a/b', 'P', 'x'.repeat(65)]) {
    await assert.rejects(ask(module, 'sealBackup', { backupId: 'b', part, content }), { code: 'BadRequest' });
  }
  await using blank = openModule();
  await assert.rejects(ask(blank, 'sealBackup', { backupId: 'b', part: 'p', content }), { code: 'WrongState' });
});
