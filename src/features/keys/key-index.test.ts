import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { feeding } from '../../store/sealed/follow-records.ts';
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
