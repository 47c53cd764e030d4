// Whoever types a fingerprint that differs is told that, and never the right one: they would type it, and nobody would have
// read it from anywhere.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { CeremonyKind } from '../../../formats/ceremony-kind.ts';
import { groupFingerprint } from '../../../formats/fingerprint.ts';
import { Refusal } from '../../../formats/refusal.ts';
import { Ceremony } from '../ceremony.ts';
import { exceptionsIn, kinds, proceed, stepsOf } from '../engine.ts';
import { draftOf, reportOf } from '../report/report.ts';
import type { Step } from '../step.ts';

const root = mkdtempSync(join(tmpdir(), 'strongroom-read-back-'));
after(() => rmSync(root, { recursive: true }));
const hand = { who: 'olga', now: () => new Date('2026-01-31T12:00:00Z') };
const RIGHT = '9dc7'.repeat(15) + 'b1ad';
const WRONG = `9dc7${'0'.repeat(60)}`;

/** A ceremony in which the step is next, and the fingerprint is known to it as that step's work before has noted it. */
function arrive(kind: CeremonyKind, id: string): { ceremony: Ceremony; step: Step } {
  const people = kind === 'recovery' ? {} : { custodians: 3, required: 2 };
  const ceremony = Ceremony.start(
    mkdtempSync(join(root, kind)),
    { kind, instance: 'two', ...people, address: {} },
    hand,
  );
  const at = kinds[kind].findIndex((each) => each.id === id);
  for (const { id: before } of kinds[kind].slice(0, at)) {
    const facts = {
      ...(before === 'transfer-key' && { recipient: 'x', 'recipient.fingerprint': RIGHT }),
      ...(before === 'upload' && { 'domain.fingerprint': RIGHT }),
      ...(before === 'certificates' && { custodian: 'anna', fingerprint: RIGHT, name: 'Anna' }),
    };
    if (Object.keys(facts).length > 0) {
      ceremony.add({ step: before, what: 'file', text: `fingerprint ${groupFingerprint(RIGHT)}`, facts });
    }
    ceremony.add({ step: before, what: 'done', text: 'done' });
  }
  const step = kinds[kind][at];
  assert.ok(step !== undefined);
  return { ceremony, step };
}

function shows(text: string): boolean {
  return text.includes(RIGHT) || text.includes(groupFingerprint(RIGHT)) || text.includes(RIGHT.slice(-8));
}

for (const [kind, id] of [
  ['activation', 'read-back'],
  ['recovery', 'transfer-read-back'],
  ['recovery', 'domain-read-back'],
  ['resharing', 'transfer-read-back'],
  ['resharing', 'read-back'],
] as const) {
  test(`${kind}, ${id}: a wrong value is answered without the right one, and counted in the record`, async () => {
    const { ceremony, step } = arrive(kind, id);
    using _ = ceremony;
    const type = (value: string): Promise<string> =>
      proceed(
        ceremony,
        step,
        { files: [], values: [value], pause: () => Promise.resolve() },
        { ask: () => assert.fail('the HSM is not asked') },
      );
    for (const tried of [1, 2]) {
      await assert.rejects(type(groupFingerprint(WRONG)), (error) => {
        assert.ok(error instanceof Refusal);
        assert.match(error.message, new RegExp(`failed try ${tried}, which is in the record`));
        assert.match(error.message, /read (it )?again from /);
        assert.ok(!shows(error.message), error.message);
        return true;
      });
      assert.ok(!shows(step.instruction(ceremony)));
      // What `ceremony status` and `ceremony report --draft` print.
      assert.ok(!shows(JSON.stringify(exceptionsIn(ceremony.entries).map(({ text }) => text))));
      assert.ok(!shows(draftOf(ceremony)), draftOf(ceremony));
    }
    assert.match(await type(RIGHT.toUpperCase()), /match(es)?, after 2 failed tries$/);
    const { settings, entries, head, id: name } = ceremony;
    const done = stepsOf(kind, entries).find((each) => each.id === id);
    assert.deepEqual([done?.state, done?.failedTries], ['done', 2]);
    const report = reportOf({ id: name, settings, entries, head });
    assert.ok(report.includes(`| ${step.title} | done, after 2 failed tries | olga |`), report);
    assert.match(report, /\| mismatch \| failed try 2: what was read matches nothing: 9dc7 0000 /);
    assert.ok(shows(draftOf(ceremony)));
  });
}

test('a match at the first try is one, and says nothing of tries', async () => {
  const { ceremony, step } = arrive('recovery', 'domain-read-back');
  using _ = ceremony;
  const given = { files: [], values: [RIGHT], pause: () => Promise.resolve() };
  assert.equal(await proceed(ceremony, step, given, { ask: () => assert.fail() }), 'the fingerprint matches');
  assert.equal(stepsOf('recovery', ceremony.entries).find(({ id }) => id === step.id)?.failedTries, undefined);
});
