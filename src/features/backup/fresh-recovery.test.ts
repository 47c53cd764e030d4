// A recovered HSM is untouched until the first change of anything that a backup holds, whatever is done afterwards.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { StoreError } from '../../store/port.ts';
import { feeding } from '../../store/sealed/follow-records.ts';
import type { BackupScope } from '../../store/sealed/record-kind.ts';
import type { Change } from '../../store/sealed/records.ts';
import { FreshRecovery, RECOVERY_HOURS, recoveryKind } from './fresh-recovery.ts';
import { openMemoryRecords } from './jobs/memory-records.fixture.ts';

const AT = 1_800_000_000;

const travels = (name: string): BackupScope => (/^(a|b)\//.test(name) ? 'text' : 'stays');

async function open(seen: (change: Change) => void = () => undefined) {
  const recovery = new FreshRecovery(travels);
  const apply = (change: Change): void => {
    feeding(recovery.follows)(change);
    seen(change);
  };
  return { recovery, records: await openMemoryRecords(apply, (changes) => recovery.goesWith(changes)) };
}

test('it ends for good with the first change of what a backup holds, and with no other', async () => {
  const commit = fc.array(fc.constantFrom('a/x', 'b/x', 'c/x', 'a', 'clock'), { minLength: 1, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(fc.array(commit, { maxLength: 8 }), async (commits) => {
      const seen: string[] = [];
      const { recovery, records } = await open((change) => {
        if (change.name === recoveryKind.of) seen.push(change.value === null ? 'ended' : 'begun');
      });
      await records.update(() => recovery.plan(AT));
      let untouched = true;
      for (const changed of commits) {
        const changes = [...new Set(changed)].map((name) => ({ name, value: Buffer.from('x') }));
        await records.update(() => changes);
        untouched &&= changes.every(({ name }) => travels(name) === 'stays');
        assert.equal(recovery.isFresh(AT), untouched);
        assert.deepEqual(seen, untouched ? ['begun'] : ['begun', 'ended']);
      }
    }),
    { numRuns: 60 },
  );
});

test('a change by another worker ends it here too, and a plan that throws ends nothing', async () => {
  const { recovery, records } = await open();
  assert.equal(recovery.isFresh(AT), false);
  await records.update(() => recovery.plan(AT));
  await assert.rejects(
    records.update(() => {
      throw new Error('refused');
    }),
    /refused/,
  );
  assert.equal(recovery.since, AT);
  await records.update(() => [recoveryKind.remove()]);
  assert.equal(recovery.isFresh(AT), false);
  await records.update(() => [{ name: 'a/1', value: Buffer.from('x') }]);
});

test('it lasts three days', () => {
  const recovery = new FreshRecovery(travels);
  for (const change of recovery.plan(AT)) feeding(recovery.follows)(change);
  assert.equal(recovery.isFresh(AT + RECOVERY_HOURS * 3600 - 1), true);
  assert.equal(recovery.isFresh(AT + RECOVERY_HOURS * 3600), false);
});

test('a record that does not read stops the start', () => {
  for (const text of ['{}', '{"since":"x"}', '{"since":1.5}']) {
    const change = { name: 'untouched-recovery', value: Buffer.from(text) };
    assert.throws(() => feeding(new FreshRecovery(travels).follows)(change), StoreError, text);
  }
});
