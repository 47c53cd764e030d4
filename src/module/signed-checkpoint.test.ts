import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ask, newFolder, openModule } from './key-module.fixture.ts';
import type { KeyModule } from './key-module.ts';

const refused = { code: 'LogRefused' };

async function provisioned(folder: string): Promise<KeyModule> {
  const module = openModule(folder);
  if (module.state === 'blank') await ask(module, 'provision', { instanceId: 'i-1', instanceName: 'dev' });
  return module;
}

function sign(module: KeyModule, size: number, fill: number) {
  return ask(module, 'signCheckpoint', { size, root: Buffer.alloc(32, fill) });
}

async function signedSize(module: KeyModule): Promise<number> {
  return (await ask(module, 'hello', {})).signedSize;
}

test('a smaller log, and another log of the same size, is not signed, also after a restart', async () => {
  const folder = newFolder();
  {
    await using module = await provisioned(folder);
    assert.equal(await signedSize(module), 0);
    await sign(module, 5, 1);
    await sign(module, 9, 2);
    assert.equal(await signedSize(module), 9);
  }
  await using module = await provisioned(folder);
  assert.equal(await signedSize(module), 9);
  await assert.rejects(sign(module, 9, 3), refused);
  await assert.rejects(sign(module, 8, 2), refused);
  await assert.rejects(sign(module, 5, 1), refused);
  const first = await sign(module, 9, 2);
  assert.deepEqual(await sign(module, 9, 2), first, 'the same may be asked for again');
  await sign(module, 10, 4);
  const files = readdirSync(folder).filter((name) => name.startsWith('checkpoint-'));
  assert.deepEqual(files, ['checkpoint-10.sealed'], 'older claims are cleared away');
});

test('what one partition signed binds the others at once', async () => {
  const folder = newFolder();
  await using first = await provisioned(folder);
  await using second = await provisioned(folder);
  await sign(first, 7, 1);
  await assert.rejects(sign(second, 7, 2), refused);
  await assert.rejects(sign(second, 6, 1), refused);
  await sign(second, 8, 3);
  await assert.rejects(sign(first, 7, 1), refused);
});

test('a file that only has the name of a claim is no witness, nor does an older one make an open module forget', async () => {
  const folder = newFolder();
  const older = join(folder, 'checkpoint-0.sealed');
  {
    await using module = await provisioned(folder);
    const first = readFileSync(older);
    await sign(module, 9, 1);
    rmSync(join(folder, 'checkpoint-9.sealed'));
    writeFileSync(older, first);
    assert.equal(await signedSize(module), 9);
    await assert.rejects(sign(module, 5, 2), refused);
    await sign(module, 12, 3);
    rmSync(join(folder, 'checkpoint-12.sealed'));
    writeFileSync(older, '');
    assert.equal(await signedSize(module), 12);
  }
  assert.throws(() => openModule(folder), { code: 'RecordRefused', message: /newest checkpoint on file/ });
});

test('an edited claim is not taken for one', async () => {
  const folder = newFolder();
  await using module = await provisioned(folder);
  await sign(module, 3, 1);
  const file = join(folder, 'checkpoint-3.sealed');
  const bytes = readFileSync(file);
  bytes[bytes.length - 1] = (bytes.at(-1) as number) ^ 1;
  writeFileSync(file, bytes);
  await assert.rejects(sign(module, 3, 1), { code: 'RecordRefused' });
});
