import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { feeding } from '../../store/sealed/follow-records.ts';
import type { Change } from '../../store/sealed/records.ts';
import { type DeletedKey, deletedKeyKind, deletionChange } from '../keys/deleted-key.ts';
import { KeyIndex } from '../keys/key-index.ts';
import { type KeyVersion, keyChange, keyKind } from '../keys/key-version.ts';
import { policyChange, policyKind } from '../rotation/policy.ts';
import { type Contents, toRecord } from './contents.ts';
import { keyVersion, versionId } from './key-versions.fixture.ts';
import { planRestore } from './plan-restore.ts';
import { TextRecords, takeView, type View } from './view.ts';

const NOW = 2_000_000;
const RETENTION = 7 * 86_400;
const NAMES = ['a', 'b', 'c', 'd'];

/** What an instance holds of a key: its versions by number, and when it is purged if it is deleted. */
interface Held {
  readonly versions: readonly number[];
  readonly purge: number | undefined;
}
type Holding = Readonly<Record<string, Held>>;

const held: fc.Arbitrary<Held> = fc.record({
  versions: fc.uniqueArray(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 4 }),
  purge: fc.option(fc.integer({ min: NOW - RETENTION, max: NOW + RETENTION }), { nil: undefined }),
});
const holding: fc.Arbitrary<Holding> = fc.dictionary(fc.constantFrom(...NAMES), held).map((made) => ({ ...made }));

function versionsOf(name: string, { versions }: Held): KeyVersion[] {
  return versions.map((number, at) => keyVersion(name, at + 1, versionId(NAMES.indexOf(name) * 16 + number)));
}

class Instance {
  readonly keys = new KeyIndex();
  readonly texts = new TextRecords([keyKind, deletedKeyKind, policyKind]);

  constructor(holding: Holding) {
    for (const [name, each] of Object.entries(holding)) {
      for (const key of versionsOf(name, each)) this.apply(keyChange(key));
      if (each.purge !== undefined) this.apply(deletionChange(deletedOf(name, each.purge)));
    }
  }

  apply(change: Change): void {
    feeding(this.keys.follows)(change);
    feeding(this.texts.follows)(change);
  }

  view(): View {
    return takeView({ keys: this.keys, texts: this.texts, records: { head: { sequence: 1, hash: '' } } });
  }

  ids(name: string): string[] {
    return [...this.keys.versions(name), ...this.keys.deletedVersions(name)].map(({ version }) => version);
  }
}

function deletedOf(name: string, scheduledPurgeDate: number): DeletedKey {
  return { name, deletedDate: scheduledPurgeDate - RETENTION, scheduledPurgeDate };
}

function contentsOf(holding: Holding): Contents {
  const texts = new Map<string, string>();
  for (const [name, { purge }] of Object.entries(holding)) {
    if (purge === undefined) continue;
    const { name: record, value } = deletionChange(deletedOf(name, purge));
    texts.set(record, Buffer.from(value).toString('utf8'));
  }
  const keys = new Map(Object.entries(holding).map(([name, each]) => [name, versionsOf(name, each).map(toRecord)]));
  return { keys, texts };
}

function restored(before: Holding, backup: Holding, protect: boolean): Instance {
  const instance = new Instance(before);
  const protection = protect ? { now: NOW, retention: RETENTION } : undefined;
  const changes = planRestore(instance.view(), contentsOf(backup), protection, () => []);
  assert.equal(new Set(changes.map(({ name }) => name)).size, changes.length, 'no record is changed twice');
  for (const change of changes) instance.apply(change);
  return instance;
}

test('whatever was there, an instance is exactly what the backup says afterwards', () => {
  fc.assert(
    fc.property(holding, holding, (before, backup) => {
      const after = restored(before, backup, false);
      const expected = new Instance(backup);
      assert.deepEqual(after.view(), expected.view());
      assert.deepEqual(
        [...after.keys.listDeletedAfter(undefined, 9)],
        [...expected.keys.listDeletedAfter(undefined, 9)],
      );
    }),
  );
});

test('with purge protection nothing that was there is lost, and nothing is purged before its time', () => {
  fc.assert(
    fc.property(holding, holding, (before, backup) => {
      const after = restored(before, backup, true);
      for (const name of NAMES) {
        const ids = new Set(
          [before, backup]
            .flatMap((each) => (each[name] === undefined ? [] : versionsOf(name, each[name])))
            .map(({ version }) => version),
        );
        assert.deepEqual(new Set(after.ids(name)), ids);
        const ordinals =
          after
            .view()
            .keys.find((key) => key.name === name)
            ?.versions.map(({ ordinal }) => ordinal) ?? [];
        assert.deepEqual(
          ordinals,
          [...new Set(ordinals)].sort((a, b) => a - b),
        );
        const then = backup[name];
        const was = before[name];
        const current = then === undefined ? undefined : versionsOf(name, then).at(-1)?.version;
        if (then !== undefined && then.purge === undefined) assert.equal(after.keys.find(name)?.version, current);
        const purge = after.keys.findDeleted(name)?.deleted.scheduledPurgeDate;
        assert.equal(purge !== undefined, then === undefined ? was !== undefined : then.purge !== undefined);
        if (purge !== undefined && was !== undefined) assert.ok(purge >= (was.purge ?? NOW + RETENTION));
      }
    }),
  );
});

test('a deleted key that the backup lacks keeps its day; a live one gets the full retention, and its policy', () => {
  const instance = new Instance({ a: { versions: [1], purge: NOW + 5 }, b: { versions: [1], purge: undefined } });
  const policy = policyChange('b', { lifetimeActions: [], created: 1, updated: 1 });
  instance.apply(policy);
  instance.apply({ name: 'promises', value: Buffer.from('{}') });
  const nothing: Contents = { keys: new Map(), texts: new Map() };
  const changes = planRestore(instance.view(), nothing, { now: NOW, retention: RETENTION }, () => []);
  for (const change of changes) instance.apply(change);
  const purgeOf = (name: string): number => instance.keys.findDeleted(name)?.deleted.scheduledPurgeDate ?? 0;
  assert.equal(purgeOf('a'), NOW + 5);
  assert.equal(purgeOf('b'), NOW + RETENTION);
  const { texts } = instance.view();
  assert.equal(texts.get(policy.name), Buffer.from(policy.value ?? []).toString('utf8'));
  assert.equal(texts.get('promises'), undefined);
});
