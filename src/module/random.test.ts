import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { CryptoError } from '../crypto/protocol/messages.ts';
import { makeCustodian } from './custodians.fixture.ts';
import { ask, newFolder, openModule } from './key-module.fixture.ts';

const folder = newFolder();
before(async () => {
  const certificates = (await Promise.all(['a', 'b', 'c'].map((name) => makeCustodian(name)))).map(
    (custodian) => custodian.certificate,
  );
  await using module = openModule(folder);
  await ask(module, 'provision', { instanceId: 'i-1', instanceName: 'dev' });
  await ask(module, 'downloadSecurityDomain', { certificates, required: 2 });
});

test('as many bytes as asked for, other ones each time and in each partition', async () => {
  await using first = openModule(folder);
  await using second = openModule(folder);
  const drawn = [];
  for (const module of [first, first, second]) drawn.push((await ask(module, 'random', { count: 128 })).bytes);
  assert.deepEqual(
    drawn.map((bytes) => bytes.length),
    [128, 128, 128],
  );
  assert.equal(new Set(drawn.map((bytes) => Buffer.from(bytes).toString('hex'))).size, 3);
  assert.equal((await ask(first, 'random', { count: 1 })).bytes.length, 1);
});

test('none and more than 128 are refused', async () => {
  await using module = openModule(folder);
  for (const count of [0, 129, 0xffffffff]) {
    await assert.rejects(
      ask(module, 'random', { count }),
      (error) => error instanceof CryptoError && error.code === 'BadRequest' && /^count/.test(error.message),
    );
  }
});
