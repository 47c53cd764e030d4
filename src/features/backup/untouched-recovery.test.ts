// A recovered HSM is untouched until the first change of anything that a backup holds, whatever is done afterwards.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { StoreError } from '../../store/port.ts';
import { openMemoryRecords } from './jobs/memory-records.fixture.ts';
import { RECOVERY_HOURS, UntouchedRecovery } from './untouched-recovery.ts';
import { recordKinds, travels } from './what-travels.ts';

const AT = 1_800_000_000;

test('it ends for good with the first change of what a backup holds, and with no other', async () => {
  const names = fc.constantFrom(...recordKinds.map(({ of }) => (of.endsWith('/') ? `${of}x` : of)));
  const commit = fc.array(
    names.filter((name) => name !== 'untouched-recovery'),
    { minLength: 1, maxLength: 4 },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(fc.record({ names: commit, later: fc.boolean() }), { maxLength: 8 }), async (commits) => {
      const recovery = new UntouchedRecovery();
      const seen: string[] = [];
      const records = recovery.watch(
        await openMemoryRecords((change) => {
          recovery.apply(change);
          if (change.name === 'untouched-recovery') seen.push(change.value === null ? 'ended' : 'begun');
        }),
      );
      await records.update(() => recovery.plan(AT));
      let untouched = true;
      for (const { names: changed, later } of commits) {
        const changes = [...new Set(changed)].map((name) => ({ name, value: Buffer.from('x') }));
        await records.update(() => (later ? Promise.resolve(changes) : changes));
        untouched &&= changes.every(({ name }) => travels(name) === 'stays');
        assert.equal(recovery.isFresh(AT), untouched);
        assert.deepEqual(seen, untouched ? ['begun'] : ['begun', 'ended']);
      }
    }),
    { numRuns: 60 },
  );
});

test('a change by another worker ends it here too, and a plan that throws ends nothing', async () => {
  const recovery = new UntouchedRecovery();
  const unwatched = await openMemoryRecords((change) => recovery.apply(change));
  const records = recovery.watch(unwatched);
  assert.equal(recovery.isFresh(AT), false);
  await records.update(() => recovery.plan(AT));
  await assert.rejects(
    records.update(() => {
      throw new Error('refused');
    }),
    /refused/,
  );
  assert.equal(recovery.since, AT);
  await unwatched.update(() => [{ name: 'untouched-recovery', value: null }]);
  assert.equal(recovery.isFresh(AT), false);
  await records.update(() => [{ name: 'key/a/1', value: Buffer.from('x') }]);
});

test('it lasts three days', () => {
  const recovery = new UntouchedRecovery();
  for (const change of recovery.plan(AT)) recovery.apply(change);
  assert.equal(recovery.isFresh(AT + RECOVERY_HOURS * 3600 - 1), true);
  assert.equal(recovery.isFresh(AT + RECOVERY_HOURS * 3600), false);
});

test('a record that does not read stops the start', () => {
  for (const text of ['{}', '{"since":"x"}', '{"since":1.5}']) {
    const change = { name: 'untouched-recovery', value: Buffer.from(text) };
    assert.throws(() => new UntouchedRecovery().apply(change), StoreError, text);
  }
});
