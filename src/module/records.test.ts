import assert from 'node:assert/strict';
import { createPublicKey, verify } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { makeCustodian } from './custodians.fixture.ts';
import { ask, newFolder, openModule } from './key-module.fixture.ts';
import { KeyModule } from './key-module.ts';
import { sealWitness } from './newest-head.ts';

async function provisioned(folder: string = newFolder()): Promise<KeyModule> {
  const module = openModule(folder);
  if (module.state === 'blank') await ask(module, 'provision', { instanceId: 'i-1', instanceName: 'dev' });
  return module;
}

const HASH = Buffer.alloc(32, 1).toString('base64url');

/** The heads of the sequences from 1 on. */
async function sealHeads(module: KeyModule, count: number): Promise<{ key: Uint8Array; sealed: Uint8Array }[]> {
  const heads: { key: Uint8Array; sealed: Uint8Array }[] = [];
  for (let revision = 1; revision <= count; revision++) {
    const previous = heads.at(-1)?.sealed ?? Buffer.alloc(0);
    heads.push(await ask(module, 'sealHead', { revision, hash: HASH, records: 0, previous }));
  }
  return heads;
}

function at<T>(items: readonly T[], index: number): T {
  const item = items[index];
  if (item === undefined) throw new Error('there are too few');
  return item;
}

test('a record opens at its own key and revision, with its name and value', async () => {
  await using module = await provisioned();
  await fc.assert(
    fc.asyncProperty(
      fc.string({ minLength: 1, maxLength: 60 }).filter((name) => name !== 'head'),
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
  {
    await using module = await provisioned(folder);
    const heads = await sealHeads(module, 7);
    for (const sequence of [3, 7, 5]) {
      await ask(module, 'noteHead', { ...at(heads, sequence - 1), revision: sequence });
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

test('of several heads of one sequence the one that was shown is the newest, after a restart and beside an older program too', async () => {
  const folder = newFolder();
  const nothing = Buffer.alloc(0);
  const another = Buffer.alloc(32, 9).toString('base64url');
  const refused = { code: 'StateRefused', message: /of sequence 1 is another than the module was shown/ };
  const sealAnother = (module: KeyModule) =>
    ask(module, 'sealHead', { revision: 1, hash: another, records: 0, previous: nothing });
  const [shown] = await (async () => {
    await using module = await provisioned(folder);
    const heads = await sealHeads(module, 1);
    await ask(module, 'noteHead', { ...at(heads, 0), revision: 1 });
    await ask(module, 'noteHead', { ...at(heads, 0), revision: 1 });
    await assert.rejects(ask(module, 'noteHead', { ...(await sealAnother(module)), revision: 1 }), refused);
    return heads;
  })();
  assert.ok(shown !== undefined);
  const older = await (async () => {
    await using module = await provisioned(folder);
    await assert.rejects(ask(module, 'noteHead', { ...(await sealAnother(module)), revision: 1 }), refused);
    await ask(module, 'noteHead', { ...shown, revision: 1 });
    return sealWitness(module.provisioned, { sequence: 1, hash: '' });
  })();
  // What an older program writes has no hash.
  writeFileSync(join(folder, 'head.sealed'), older);
  {
    await using module = await provisioned(folder);
    await ask(module, 'noteHead', { ...(await sealAnother(module)), revision: 1 });
    await assert.rejects(ask(module, 'noteHead', { ...shown, revision: 1 }), refused);
  }
  // What that file lacked is in it now.
  await using module = await provisioned(folder);
  await assert.rejects(ask(module, 'noteHead', { ...shown, revision: 1 }), refused);
});

test('which head was shown is on file after a ceremony that wrote its sequence, and after it was accepted', async () => {
  const folder = newFolder();
  const refused = { code: 'StateRefused', message: /of sequence 1 is another than the module was shown/ };
  const custodians = await Promise.all(['a', 'b', 'c'].map((name) => makeCustodian(name)));
  const quorum = { certificates: custodians.map(({ certificate }) => certificate), required: 2 };
  const { engine } = await (async () => {
    await using module = await provisioned(folder);
    return module;
  })();
  const heads = await (async () => {
    // It is written when it ends, or an hour later.
    await using module = new KeyModule({ folder, engine, cacheSize: 4, headDelay: 3_600_000, now: Date.now });
    const hashOf = (byte: number) => ({ revision: 1, hash: Buffer.alloc(32, byte).toString('base64url'), records: 0 });
    const sealed = (byte: number) => ask(module, 'sealHead', { ...hashOf(byte), previous: Buffer.alloc(0) });
    const heads = [await sealed(7), await sealed(9)] as const;
    await ask(module, 'noteHead', { ...heads[0], revision: 1 });
    await ask(module, 'downloadSecurityDomain', quorum);
    await ask(module, 'reload', {});
    return heads;
  })();
  {
    await using module = await provisioned(folder);
    await assert.rejects(ask(module, 'noteHead', { ...heads[1], revision: 1 }), refused);
    rmSync(join(folder, 'head.sealed'));
    await ask(module, 'witness', { ...heads[0], revision: 1, size: 0, root: Buffer.alloc(32) });
  }
  await using module = await provisioned(folder);
  await assert.rejects(ask(module, 'noteHead', { ...heads[1], revision: 1 }), refused);
});

test('what is no head, or is one of another revision, is not noted', async () => {
  await using module = await provisioned();
  const value = Buffer.from(JSON.stringify({ sequence: 1, hash: HASH, records: 0 }));
  const record = await ask(module, 'sealRecord', { name: 'other', revision: 1, value });
  await assert.rejects(ask(module, 'noteHead', { ...record, revision: 1 }), { code: 'RecordRefused' });
  const [first] = await sealHeads(module, 1);
  assert.ok(first !== undefined);
  await assert.rejects(ask(module, 'noteHead', { ...first, revision: 2 }), { code: 'RecordRefused' });
  assert.equal((await ask(module, 'hello', {})).headSequence, 0);
});

test('only the head after one that this module sealed is sealed, so nobody leaps ahead of the store', async () => {
  await using module = await provisioned();
  await using foreign = await provisioned();
  const heads = await sealHeads(module, 3);
  const ofForeign = await sealHeads(foreign, 3);
  const record = await ask(module, 'sealRecord', { name: 'other', revision: 3, value: Buffer.alloc(9) });
  const seal = (revision: number, previous: Uint8Array) =>
    ask(module, 'sealHead', { revision, hash: HASH, records: 0, previous });
  const nothing = Buffer.alloc(0);
  for (const [revision, previous] of [
    [4, nothing],
    [4, at(heads, 1).sealed],
    [4, at(ofForeign, 2).sealed],
    [4, record.sealed],
    [5, at(heads, 2).sealed],
    [Number.MAX_SAFE_INTEGER, at(heads, 2).sealed],
  ] as const) {
    await assert.rejects(seal(revision, previous), { code: 'RecordRefused' }, String(revision));
  }
  await assert.rejects(seal(0, nothing), { code: 'BadRequest' });
  await assert.rejects(seal(1, at(heads, 0).sealed), { code: 'BadRequest' });
  await assert.rejects(ask(module, 'sealHead', { revision: 1, hash: 'short', records: 0, previous: nothing }), {
    code: 'BadRequest',
  });
  await ask(module, 'signCheckpoint', { size: 42, root: Buffer.alloc(32) });
  const next = await seal(4, at(heads, 2).sealed);
  assert.deepEqual(next.key, at(heads, 0).key);
  const opened = await ask(module, 'openRecord', { ...next, revision: 4 });
  assert.equal(opened.name, 'head');
  const { state, ...head } = JSON.parse(Buffer.from(opened.value).toString()) as Record<string, unknown>;
  assert.deepEqual(head, { sequence: 4, hash: HASH, records: 0, generation: 1, log: 42 });
  assert.equal(String(state).length, 43);
});

test('a record named head is not sealed as others are', async () => {
  await using module = await provisioned();
  const value = Buffer.from(JSON.stringify({ sequence: 9, hash: HASH, records: 0 }));
  await assert.rejects(ask(module, 'sealRecord', { name: 'head', revision: 9, value }), { code: 'BadRequest' });
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

/** Raw Ed25519 public key → SubjectPublicKeyInfo DER (RFC 8410 §4). */
function ed25519Spki(raw: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), raw]);
}
