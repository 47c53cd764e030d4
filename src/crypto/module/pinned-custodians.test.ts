import assert from 'node:assert/strict';
import { createHash, createSecretKey, randomBytes } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { fields } from '../../formats/fields.ts';
import { type Custodian, makeCustodian } from './custodians.fixture.ts';
import { ask, newFolder, openModule } from './key-module.fixture.ts';
import type { KeyModule } from './key-module.ts';
import { openBox, sealBox } from './sealed-box.ts';

let custodians: readonly Custodian[];
const others = { code: 'OtherCustodians' };

before(async () => {
  custodians = await Promise.all(['a', 'b', 'c', 'd', 'e', 'f'].map((name) => makeCustodian(name)));
});

function certificates(...chosen: readonly number[]): string[] {
  return chosen.map((index) => (custodians[index] as Custodian).certificate);
}

function take(module: KeyModule, chosen: readonly number[], required: number): Promise<{ document: string }> {
  return ask(module, 'downloadSecurityDomain', { certificates: certificates(...chosen), required });
}

async function provisioned(folder: string): Promise<KeyModule> {
  const module = openModule(folder);
  if (module.state === 'blank') await ask(module, 'provision', { instanceId: 'i-1', instanceName: 'dev' });
  return module;
}

test('an active module splits its root keys over the custodians of the first ceremony and over nobody else', async () => {
  const folder = newFolder();
  {
    await using module = await provisioned(folder);
    await take(module, [0, 1, 2], 2);
    await take(module, [2, 0, 1], 2);
  }
  await using module = openModule(folder);
  assert.equal(module.state, 'active');
  for (const [chosen, required] of [
    [[3, 4, 5], 2],
    [[0, 1, 3], 2],
    [[0, 1, 2, 3], 2],
    [[0, 1, 2], 3],
  ] as const) {
    await assert.rejects(take(module, chosen, required), others, `${required} of ${chosen.join(' ')}`);
  }
  const { document } = await take(module, [1, 2, 0], 2);
  assert.equal((JSON.parse(document) as { SharedKeys: { required: number } }).SharedKeys.required, 2);
});

test('a request that the module finds malformed settles nobody', async () => {
  await using module = await provisioned(newFolder());
  await assert.rejects(take(module, [0, 1, 2], 4), { code: 'BadRequest' });
  await assert.rejects(take(module, [0, 1, 1], 2), { code: 'BadRequest' });
  await take(module, [3, 4, 5], 2);
});

test('of two partitions that are asked for different custodians at first, only one answers with a file', async () => {
  const folder = newFolder();
  await using first = await provisioned(folder);
  await using second = openModule(folder);
  await take(first, [0, 1, 2], 2);
  assert.equal(second.state, 'provisioned', 'it has not heard of the ceremony');
  await assert.rejects(take(second, [3, 4, 5], 2), others);
});

test('custodians that were settled stay so when the state file is put back to what it was before', async () => {
  const folder = newFolder();
  const state = join(folder, 'state.sealed');
  await using module = await provisioned(folder);
  const before = readFileSync(state);
  await take(module, [0, 1, 2], 2);
  writeFileSync(state, before);
  await assert.rejects(take(module, [3, 4, 5], 2), others);
  await take(module, [0, 1, 2], 2);
});

test('an active module that does not know its custodians, or finds them edited, splits nothing', async () => {
  const folder = newFolder();
  const file = join(folder, 'custodians.sealed');
  await using module = await provisioned(folder);
  await take(module, [0, 1, 2], 2);
  const bytes = readFileSync(file);
  bytes[40] = (bytes[40] as number) ^ 1;
  writeFileSync(file, bytes);
  await assert.rejects(take(module, [0, 1, 2], 2), { code: 'RecordRefused' });
  rmSync(file);
  await assert.rejects(take(module, [0, 1, 2], 2), others);
});

test('custodians that an older version sealed with the file seal are taken over under a root key', async () => {
  const folder = newFolder();
  await using module = await provisioned(folder);
  await take(module, [0, 1, 2], 2);
  const path = join(folder, 'custodians.sealed');
  const { rootKeys } = module.provisioned;
  const audit = Buffer.from(rootKeys.auditKey).toString('hex');
  const contextOf = (version: number): Buffer => Buffer.from(`strongroom custodians v${version}\ni-1\n${audit}`);
  const { thumbprints } = module.ceremonies.settled();
  const settled = fields({ required: 'u32', thumbprints: 'text' }).encode({
    required: 2,
    thumbprints: thumbprints.join(' '),
  });
  const old = join(folder, 'seal.key');
  writeFileSync(path, sealBox(createSecretKey(readFileSync(old)), contextOf(1), settled));
  await assert.rejects(take(module, [3, 4, 5], 2), others);
  openBox(rootKeys.recordSealing, contextOf(2), readFileSync(path));
  await take(module, [0, 1, 2], 2);
});

test('under another seal than the file, a key that was put into the folder settles no custodians', async () => {
  const folder = newFolder();
  await using module = openModule(folder, 16, { mayChangeSeal: true });
  await ask(module, 'provision', { instanceId: 'i-1', instanceName: 'dev' });
  await take(module, [0, 1, 2], 2);
  const secret = Buffer.from('a passphrase of the owner');
  const cost = { memory: 64 * 1024, passes: 1, lanes: 1 };
  await ask(module, 'changeSeal', { kind: 'passphrase', secret, cost, certificates: [], required: 0 });

  const key = randomBytes(32);
  const { auditKey } = await ask(module, 'hello', {});
  const context = `strongroom custodians v1\ni-1\n${Buffer.from(auditKey).toString('hex')}`;
  const strangers = certificates(3, 4, 5).map((each) =>
    createHash('sha256').update(Buffer.from(each, 'base64')).digest('base64url'),
  );
  const forged = fields({ required: 'u32', thumbprints: 'text' }).encode({
    required: 2,
    thumbprints: strangers.sort().join(' '),
  });
  writeFileSync(join(folder, 'seal.key'), key);
  writeFileSync(join(folder, 'custodians.sealed'), sealBox(createSecretKey(key), Buffer.from(context), forged));
  await assert.rejects(ask(module, 'custodians', {}), { code: 'RecordRefused' });
  await assert.rejects(take(module, [3, 4, 5], 2), { code: 'RecordRefused' });
});
