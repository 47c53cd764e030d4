import assert from 'node:assert/strict';
import { test } from 'node:test';
import { feeding } from '../../store/sealed/follow-records.ts';
import type { Change, Head, Records } from '../../store/sealed/records.ts';
import { purgeDue } from './delete.ts';
import { deletionChange, deletionRemoval } from './deleted-key.ts';
import { KeyIndex } from './key-index.ts';
import { keyChange, keyRemoval } from './key-version.ts';

function putDeleted(keys: KeyIndex, name: string, scheduledPurgeDate: number): void {
  const version = '1'.repeat(32);
  const key = {
    name,
    version,
    ordinal: 1,
    kty: 'oct-HSM' as const,
    keyOps: ['encrypt'],
    publicKey: { kty: 'oct-HSM' as const, size: 256 },
    attributes: { enabled: true, exportable: false, created: 1, updated: 1 },
    blob: Buffer.from('sealed'),
    blobId: version,
  };
  feeding(keys.follows)(keyChange(key));
  feeding(keys.follows)(deletionChange({ name, deletedDate: 1, scheduledPurgeDate }));
}

/** Records in memory; before each commit another worker may have its turn, and the plan is then made again. */
function recordsOf(keys: KeyIndex, race: () => void): Records & { readonly commits: (readonly Change[])[] } {
  const commits: (readonly Change[])[] = [];
  let head: Head = { sequence: 0, hash: '' };
  return {
    commits,
    get head() {
      return head;
    },
    refresh: () => undefined,
    async update(plan) {
      plan();
      race();
      const changes = plan();
      if (changes.length > 0) {
        commits.push(changes);
        for (const change of changes) feeding(keys.follows)(change);
        head = { sequence: head.sequence + 1, hash: '' };
      }
      return head;
    },
    async [Symbol.asyncDispose]() {},
  };
}

test('what is due is purged with all that other features keep for it, and what is not stays', async () => {
  const keys = new KeyIndex();
  putDeleted(keys, 'Due', 100);
  putDeleted(keys, 'later', 101);
  assert.equal(keys.nextPurge()?.time, 100);
  const records = recordsOf(keys, () => undefined);
  const purged: string[] = [];
  await purgeDue({
    keys,
    commit: (plan) => records.update(plan),
    now: () => 100,
    relatedWrites: { purge: (name) => [{ name: `beside/${name}`, value: null }] },
    purged: async (name) => void purged.push(name),
  });
  assert.deepEqual(purged, ['Due']);
  assert.deepEqual(
    records.commits.map((changes) => changes.map(({ name, value }) => [name, value])),
    [
      [
        [keyRemoval({ name: 'due', version: '1'.repeat(32) }).name, null],
        ['deleted-key/due', null],
        ['beside/Due', null],
      ],
    ],
  );
  assert.equal(keys.nextPurge()?.time, 101);
});

test('what another worker has purged meanwhile, or somebody recovered, is neither purged nor recorded', async () => {
  for (const change of [
    deletionRemoval('k'),
    deletionChange({ name: 'k', deletedDate: 50, scheduledPurgeDate: 500 }),
  ]) {
    const keys = new KeyIndex();
    putDeleted(keys, 'k', 100);
    const records = recordsOf(keys, () => feeding(keys.follows)(change));
    await purgeDue({
      keys,
      commit: (plan) => records.update(plan),
      now: () => 100,
      relatedWrites: { purge: () => [] },
      purged: () => assert.fail('it was recorded'),
    });
    assert.deepEqual(records.commits, []);
  }
});
