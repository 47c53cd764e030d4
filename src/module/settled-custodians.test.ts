import assert from 'node:assert/strict';
import { createHash, createSecretKey } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { fields } from '../formats/fields.ts';
import { type Custodian, makeCustodian } from './custodians.fixture.ts';
import { ask, newFolder, openModule } from './key-module.fixture.ts';
import type { KeyModule } from './key-module.ts';
import { custodiansContext, makeOld, oldCustodiansFile } from './old-state.fixture.ts';
import { sealBox } from './sealed-box.ts';

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

test('the state of before the first ceremony holds none of the keys that it settles, and is not taken back', async () => {
  const folder = newFolder();
  const state = join(folder, 'state.sealed');
  await using module = await provisioned(folder);
  const before = readFileSync(state);
  assert.equal((await ask(module, 'hello', {})).domainKey.length, 0);
  await take(module, [0, 1, 2], 2);
  const { domainKey } = module.provisioned.rootKeys;
  const later = readFileSync(state);
  writeFileSync(state, before);
  const refused = { code: 'StateRefused', message: /generation 1, the one in use of 2: older files were put back/ };
  await assert.rejects(take(module, [3, 4, 5], 2), refused);
  await assert.rejects(take(module, [0, 1, 2], 2), refused);
  assert.equal((await ask(module, 'hello', {})).state, 'active', 'it goes on as it was');
  {
    // Opened anew nothing in the folder tells; what it gives away is of no use.
    await using again = openModule(folder);
    await take(again, [3, 4, 5], 2);
    assert.notDeepEqual(again.provisioned.rootKeys.domainKey, domainKey);
  }
  writeFileSync(state, later);
  await take(module, [2, 0, 1], 2);
  assert.deepEqual(module.provisioned.rootKeys.domainKey, domainKey, 'a repeated download is of the same domain');
});

test('another state of the same generation, or one of another instance, is not taken by an open module', async () => {
  const folder = newFolder();
  const state = join(folder, 'state.sealed');
  await using module = await provisioned(folder);
  const before = readFileSync(state);
  await take(module, [0, 1, 2], 2);
  writeFileSync(state, before);
  {
    await using other = openModule(folder);
    await take(other, [3, 4, 5], 2);
  }
  await assert.rejects(ask(module, 'reload', {}), { code: 'StateRefused', message: /another one of generation 2/ });
  assert.equal((await ask(module, 'custodians', {})).required, 2);
});

test('a store head betrays an older state, and another of the same generation, to a module opened anew', async () => {
  const folder = newFolder();
  const state = join(folder, 'state.sealed');
  const [hash, nothing] = [Buffer.alloc(32).toString('base64url'), Buffer.alloc(0)];
  await using module = await provisioned(folder);
  const before = readFileSync(state);
  await using late = openModule(folder);
  await take(module, [0, 1, 2], 2);
  const settled = readFileSync(state);
  const head = await ask(module, 'sealHead', { revision: 1, hash, records: 0, previous: nothing });
  assert.equal(head.generation, 2);
  const shown = { key: head.key, revision: 1, sealed: head.sealed };
  assert.equal(late.state, 'provisioned', 'it has not heard of the ceremony');
  const next = await ask(late, 'sealHead', { revision: 2, hash, records: 0, previous: head.sealed });
  assert.deepEqual([late.state, next.generation], ['active', 2], 'the head told it to look');

  const betrayed = async (message: RegExp): Promise<void> => {
    await using again = openModule(folder);
    const refused = { code: 'StateRefused', message };
    await assert.rejects(ask(again, 'openRecord', shown), refused);
    await assert.rejects(ask(again, 'noteHead', shown), refused);
    await assert.rejects(ask(again, 'sealHead', { revision: 2, hash, records: 0, previous: head.sealed }), refused);
  };
  writeFileSync(state, before);
  await betrayed(/of generation 1, the store's head of 2/);
  {
    await using other = openModule(folder);
    await take(other, [3, 4, 5], 2);
  }
  await betrayed(/another one of generation 2 than the store's head names/);
  writeFileSync(state, settled);
  await using again = openModule(folder);
  await ask(again, 'noteHead', shown);
});

test('a state that was made from an older one, and written often since, is no later one of the instance', async () => {
  const folder = newFolder();
  const state = join(folder, 'state.sealed');
  const [hash, nothing] = [Buffer.alloc(32).toString('base64url'), Buffer.alloc(0)];
  const reseal = { kind: 'file', secret: nothing, cost: null, certificates: null, required: 0 };
  await using module = await provisioned(folder);
  const before = readFileSync(state);
  await take(module, [0, 1, 2], 2);
  const { key, sealed } = await ask(module, 'sealHead', { revision: 1, hash, records: 0, previous: nothing });
  writeFileSync(state, before);
  {
    await using other = openModule(folder, 16, { mayChangeSeal: true });
    await take(other, [3, 4, 5], 2);
    await ask(other, 'changeSeal', reseal);
    assert.equal((await ask(other, 'hello', {})).generation, 3);
  }
  const message = /of generation 3, does not come from the one of 2 in use/;
  await assert.rejects(ask(module, 'reload', {}), { code: 'StateRefused', message });
  const refused = { code: 'StateRefused', message: /of generation 3, and does not come from the one of 2 / };
  await using again = openModule(folder);
  await assert.rejects(ask(again, 'openRecord', { key, revision: 1, sealed }), refused);
  await assert.rejects(ask(again, 'noteHead', { key, revision: 1, sealed }), refused);
  await assert.rejects(ask(again, 'sealHead', { revision: 2, hash, records: 0, previous: sealed }), refused);
});

test('what was sealed under any state before is of the instance, and no other of that generation', async () => {
  const folder = newFolder();
  const [hash, nothing] = [Buffer.alloc(32).toString('base64url'), Buffer.alloc(0)];
  await using module = openModule(folder, 16, { mayChangeSeal: true });
  await ask(module, 'provision', { instanceId: 'i-1', instanceName: 'dev' });
  const { key, sealed } = await ask(module, 'sealHead', { revision: 1, hash, records: 0, previous: nothing });
  await using beside = openModule(folder);
  await take(module, [0, 1, 2], 2);
  const reseal = { kind: 'file', secret: nothing, cost: null, certificates: null, required: 0 };
  await ask(module, 'changeSeal', reseal);
  await ask(module, 'noteHead', { key, revision: 1, sealed });
  await ask(beside, 'reload', {});
  assert.equal((await ask(beside, 'hello', {})).generation, 3);
});

test('a folder of a version before is written anew once, with its custodians, and its form never counts again', async () => {
  const folder = newFolder();
  const file = (name: string): string => join(folder, name);
  {
    await using module = await provisioned(folder);
    await take(module, [0, 1, 2], 2);
    makeOld(folder, module.provisioned);
  }
  const old = ['state.sealed', 'custodians.sealed'].map((name) => [name, readFileSync(file(name))] as const);
  await using module = openModule(folder);
  await using beside = openModule(folder);
  assert.equal((await ask(module, 'hello', {})).generation, 0);
  await assert.rejects(take(module, [3, 4, 5], 2), others);
  await Promise.all([ask(module, 'renewState', {}), ask(beside, 'renewState', {})]);
  assert.equal((await ask(module, 'hello', {})).generation, 1);
  assert.equal((await ask(beside, 'hello', {})).generation, 1);
  assert.equal(existsSync(file('custodians.sealed')), false);
  assert.equal((await ask(module, 'custodians', {})).required, 2);
  await take(module, [0, 1, 2], 2);
  for (const [name, bytes] of old) writeFileSync(file(name), bytes);
  await assert.rejects(ask(module, 'reload', {}), { code: 'StateRefused', message: /of generation 0/ });
  await assert.rejects(ask(module, 'renewState', {}), { code: 'StateRefused' });
});

test('a folder of a version before whose custodians are edited does not open, and without them nobody is settled', async () => {
  const folder = newFolder();
  const path = join(folder, 'custodians.sealed');
  await using module = await provisioned(folder);
  await take(module, [0, 1, 2], 2);
  makeOld(folder, module.provisioned);
  const bytes = readFileSync(path);
  bytes[40] = (bytes[40] as number) ^ 1;
  writeFileSync(path, bytes);
  {
    await using other = openModule(folder);
    await assert.rejects(ask(other, 'renewState', {}), { code: 'RecordRefused' });
  }
  rmSync(path);
  await using again = openModule(folder);
  await assert.rejects(take(again, [0, 1, 2], 2), others);
  await ask(again, 'renewState', {});
  await assert.rejects(take(again, [0, 1, 2], 2), others);
});

test('custodians that the oldest versions sealed with the file seal are taken over', async () => {
  const folder = newFolder();
  {
    await using module = await provisioned(folder);
    await take(module, [0, 1, 2], 2);
    const { thumbprints } = (await ask(module, 'custodians', {})) as unknown as {
      readonly thumbprints: readonly string[];
    };
    const settled = fields({ required: 'u32', thumbprints: 'text' }).encode({
      required: 2,
      thumbprints: thumbprints.join(' '),
    });
    makeOld(folder, module.provisioned);
    const key = createSecretKey(readFileSync(join(folder, 'seal.key')));
    writeFileSync(join(folder, 'custodians.sealed'), sealBox(key, custodiansContext(module.provisioned, 1), settled));
  }
  await using module = openModule(folder);
  await ask(module, 'renewState', {});
  await assert.rejects(take(module, [3, 4, 5], 2), others);
  await take(module, [0, 1, 2], 2);
});

test('a file of custodians put beside a state of today counts for nothing, under any seal', async () => {
  const folder = newFolder();
  await using module = openModule(folder, 16, { mayChangeSeal: true });
  await ask(module, 'provision', { instanceId: 'i-1', instanceName: 'dev' });
  await take(module, [0, 1, 2], 2);
  const strangers = certificates(3, 4, 5).map((each) =>
    createHash('sha256').update(Buffer.from(each, 'base64')).digest('base64url'),
  );
  const forged = oldCustodiansFile(module.provisioned, { required: 2, thumbprints: strangers.sort() });
  const secret = Buffer.from('a passphrase of the owner');
  const cost = { memory: 64 * 1024, passes: 1, lanes: 1 };
  for (const sealing of [false, true]) {
    if (sealing) await ask(module, 'changeSeal', { kind: 'passphrase', secret, cost, certificates: [], required: 0 });
    writeFileSync(join(folder, 'custodians.sealed'), forged);
    await assert.rejects(take(module, [3, 4, 5], 2), others);
    await take(module, [0, 1, 2], 2);
  }
});
