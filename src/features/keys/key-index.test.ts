import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { feeding, openFeeding } from '../../store/sealed/follow-records.ts';
import { deletionChange, deletionRemoval } from './deleted-key.ts';
import { KeyIndex } from './key-index.ts';
import { type KeyVersion, keyChange, keyRemoval } from './key-version.ts';

function keyVersion(name: string, ordinal: number, version = ordinal.toString(16).padStart(32, '0')): KeyVersion {
  return {
    name,
    version,
    ordinal,
    kty: 'oct-HSM',
    keyOps: ['encrypt'],
    publicKey: { kty: 'oct-HSM', size: 256 },
    attributes: { enabled: true, exportable: false, created: 1, updated: 1 },
    blob: Buffer.from('sealed'),
    blobId: version,
  };
}

function put(ring: KeyIndex, key: KeyVersion): void {
  feeding(ring.follows)(keyChange(key));
}

test('the current version is the one with the highest ordinal, in whatever order records arrive', () => {
  fc.assert(
    fc.property(fc.shuffledSubarray([1, 2, 3, 4, 5], { minLength: 1 }), (ordinals) => {
      const ring = new KeyIndex();
      for (const ordinal of ordinals) put(ring, keyVersion('k', ordinal));
      assert.equal(ring.find('K')?.ordinal, Math.max(...ordinals));
      assert.deepEqual(
        ring.versions('k').map((key) => key.ordinal),
        [...ordinals].sort((a, b) => a - b),
      );
    }),
  );
});

test('walking the pages gives every key once, in order, whatever the page size', () => {
  const names = fc.uniqueArray(fc.stringMatching(/^[0-9a-zA-Z-]{1,8}$/), {
    selector: (name) => name.toLowerCase(),
    maxLength: 30,
  });
  fc.assert(
    fc.property(names, fc.integer({ min: 1, max: 7 }), (all, size) => {
      const ring = new KeyIndex();
      for (const name of all) put(ring, keyVersion(name, 1));
      const seen: string[] = [];
      let after: string | undefined;
      for (;;) {
        const page = [...ring.listAfter(after, size)];
        if (page.length === 0) break;
        seen.push(...page.map((key) => key.name));
        after = page[page.length - 1]?.name;
      }
      assert.deepEqual(
        seen.map((name) => name.toLowerCase()),
        all.map((name) => name.toLowerCase()).sort((a, b) => (a < b ? -1 : 1)),
      );
    }),
  );
});

test('a removed version uncovers the one before, and a key without versions is gone', () => {
  const ring = new KeyIndex();
  put(ring, keyVersion('k', 1));
  put(ring, keyVersion('k', 2));
  feeding(ring.follows)(keyRemoval(keyVersion('k', 2)));
  assert.equal(ring.find('k')?.ordinal, 1);
  feeding(ring.follows)(keyRemoval(keyVersion('k', 1)));
  assert.equal(ring.find('k'), undefined);
  assert.equal(ring.size, 0);
});

test('records of other features are left alone', () => {
  const ring = new KeyIndex();
  feeding(ring.follows)({ name: 'role-assignment/6f1c', value: Buffer.from('{}') });
  assert.equal(ring.size, 0);
});

test('a key keeps no more memory than its blob is long', () => {
  const ring = new KeyIndex();
  put(ring, keyVersion('k', 1));
  const blob = ring.find('k')?.blob;
  assert.deepEqual(blob, Buffer.from('sealed'));
  assert.equal(blob?.buffer.byteLength, 6);
});

test('the purge that is scheduled first is known, and forgotten with a recovery or a purge', () => {
  const ring = new KeyIndex();
  const deleteKey = (name: string, scheduledPurgeDate: number): void => {
    put(ring, keyVersion(name, 1));
    feeding(ring.follows)(deletionChange({ name, deletedDate: 1, scheduledPurgeDate }));
  };
  deleteKey('b', 30);
  deleteKey('C', 10);
  deleteKey('a', 20);
  assert.deepEqual(ring.nextPurge(), { name: 'c', time: 10 });
  feeding(ring.follows)(deletionRemoval('c'));
  assert.deepEqual(ring.nextPurge(), { name: 'a', time: 20 });
  for (const key of ring.deletedVersions('a')) feeding(ring.follows)(keyRemoval(key));
  feeding(ring.follows)(deletionRemoval('a'));
  assert.deepEqual(ring.nextPurge(), { name: 'b', time: 30 });
});

test('what is tried shows as if it were committed, and what takes it back leaves the very same', () => {
  const made = fc.record({
    name: fc.constantFrom('a', 'b', 'C'),
    ordinal: fc.integer({ min: 1, max: 3 }),
    version: fc.constantFrom('1', '2', '3').map((digit) => digit.padStart(32, '0')),
    isRemoved: fc.boolean(),
  });
  const change = made.map(({ name, ordinal, version, isRemoved }) => {
    const key = keyVersion(name, ordinal, version);
    return isRemoved ? keyRemoval(key) : keyChange(key);
  });
  const changes = fc.uniqueArray(change, { maxLength: 6, selector: ({ name }) => name });
  const shown = (ring: KeyIndex) => ({
    snapshot: ring.snapshot(),
    live: [...ring.listAfter(undefined, 9)],
    deleted: [...ring.listDeletedAfter(undefined, 9)],
    sizes: [ring.size, ring.deletedSize],
    nextPurge: ring.nextPurge(),
  });
  const objects = (ring: KeyIndex): readonly KeyVersion[] => ring.snapshot().flatMap(({ versions }) => versions);
  fc.assert(
    fc.property(changes, changes, changes, fc.boolean(), (first, second, third, isDeleted) => {
      const [ring, committed] = [new KeyIndex(), new KeyIndex()];
      const { attempt } = openFeeding(ring.follows);
      const deletions = isDeleted ? [deletionChange({ name: 'b', deletedDate: 1, scheduledPurgeDate: 5 })] : [];
      for (const each of [...first, ...deletions]) for (const { follows } of [ring, committed]) feeding(follows)(each);
      const before = shown(ring);
      const held = objects(ring);
      const undos = [second, third].map((tried) => {
        for (const each of tried) feeding(committed.follows)(each);
        const undo = attempt(tried);
        assert.deepEqual(shown(ring), shown(committed));
        return undo;
      });
      for (const undo of undos.reverse()) undo?.();
      assert.deepEqual(shown(ring), before);
      for (const [index, key] of objects(ring).entries()) assert.equal(key, held[index]);
    }),
  );
  assert.equal(openFeeding(new KeyIndex().follows).attempt([deletionRemoval('a')]), undefined);
});
